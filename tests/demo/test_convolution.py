"""What the convolution step shows: the small image, the filters on offer, the tiles."""

import numpy as np
import pytest

from demo.assets import ASSETS
from demo.figures.convolution import convolution_data, filter_tiles, greyest, map_tiles, small_grey
from demo.language import text
from model.checkpoint import load_checkpoint
from model.features import grey_share, stem_filters


@pytest.fixture(scope="module")
def filters() -> np.ndarray:
    return stem_filters(load_checkpoint(ASSETS / "arcface.safetensors").network)


def test_the_small_image_is_the_mean_luma_of_four_by_four():
    crop = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    square = crop[8:12, 100:104].reshape(-1, 3).mean(axis=0)
    wanted = (0.299 * square[0] + 0.587 * square[1] + 0.114 * square[2]) / 255
    assert small_grey(crop)[2, 25] == pytest.approx(wanted, abs=0.0051)
    assert small_grey(np.full((112, 112, 3), 255, np.uint8)).max() == 1


def test_the_filters_on_offer_say_the_numbers_that_they_count_with(filters):
    offered = convolution_data(np.zeros((112, 112, 3), np.uint8), filters, text("en"))["filters"]
    assert len(offered) == 8
    for one in offered:
        told = [1 / 9 if s == "1/9" else float(s.replace("−", "-")) for s in one["labels"]]
        np.testing.assert_allclose(told, one["weights"], atol=1e-9)
    for one, i in zip(offered[5:], greyest(filters), strict=True):
        assert one["name"].endswith(f" {i + 1}")
        np.testing.assert_allclose(one["weights"], filters[i].sum(0).ravel(), atol=0.0051)
    share = grey_share(filters)
    assert min(share[greyest(filters)]) >= np.sort(share)[-3]


def test_without_a_network_there_are_the_filters_drawn_by_hand():
    assert (
        len(convolution_data(np.zeros((112, 112, 3), np.uint8), None, text("ko"))["filters"]) == 5
    )


def test_each_tile_has_a_scale_of_its_own_and_gaps_are_transparent(filters):
    sheet = filter_tiles(filters)
    assert sheet.shape == (4 * 96 + 3 * 8, 8 * 96 + 7 * 8, 4)
    assert (sheet[96:104, :, 3] == 0).all()
    for k in (0, 9, 31):
        tile = sheet[104 * (k // 8) :, 104 * (k % 8) :][16:96:32, 16:96:32, :3].astype(float)
        weights = filters[k].transpose(1, 2, 0)
        np.testing.assert_allclose(tile, 127.5 * (1 + weights / np.abs(weights).max()), atol=0.51)


def test_a_map_is_black_at_0_and_white_at_its_largest_and_an_empty_one_is_black():
    maps = np.zeros((3, 32, 32), np.float32)
    maps[0, 4, 5], maps[1, 31, 31] = 0.001, 1000
    sheet = map_tiles(maps)
    assert sheet[12, 15].tolist() == sheet[95, 104 + 95].tolist() == [255, 255, 255, 255]
    assert sheet[:, 208:304, :3].max() == 0
    assert (sheet[:, 208:304, 3] == 255).all()
