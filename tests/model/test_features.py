"""The first layers' maps against forward hooks, by hand, and against gradients."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from demo.assets import ASSETS
from model.backbone import Backbone, to_input, whiten
from model.checkpoint import load_checkpoint
from model.features import features, grey_share, on_grey, reach, stem_filters


@pytest.fixture(scope="module")
def shipped():
    return load_checkpoint(ASSETS / "arcface.safetensors")


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)


def test_the_maps_are_those_of_the_network_on_its_way_to_an_embedding(shipped, crop):
    network, config = shipped.network, shipped.card.config
    blocks, kept = [m for m in network.trunk if not isinstance(m, nn.ReLU)], {}
    hooks = [
        network.trunk[2].register_forward_hook(lambda _, __, y: kept.update(stem=y.clone())),
        blocks[1 + config.blocks[0]].register_forward_hook(lambda _, __, y: kept.update(stage=y)),
    ]
    with torch.inference_mode():
        network(to_input(torch.from_numpy(crop[None]), config.input_size))
    for hook in hooks:
        hook.remove()
    found = features(network, crop, config)
    for name, maps in (("stem", found.stem), ("stage", found.stage)):
        assert maps.shape == (32, 32, 32)
        np.testing.assert_allclose(maps, kept[name][0].numpy(), atol=1e-5)


def test_a_value_of_the_stem_by_hand(shipped, crop):
    """Row 5, column 7 of each map: window times weights, normalised, cut off below 0."""
    network, config = shipped.network, shipped.card.config
    x = whiten(to_input(torch.from_numpy(crop[None]), config.input_size))[0].numpy()
    window = x[:, 9:12, 13:16]  # stride 2, padding 1
    sums = (stem_filters(network) * window).sum(axis=(1, 2, 3))
    norm = {k: v.numpy() for k, v in network.trunk[1].state_dict().items()}
    scaled = (sums - norm["running_mean"]) / np.sqrt(norm["running_var"] + 1e-5)
    by_hand = np.maximum(0, scaled * norm["weight"] + norm["bias"])
    found = features(network, crop, config).stem[:, 5, 7]
    np.testing.assert_allclose(found, by_hand, rtol=1e-3, atol=1e-4)


def test_on_a_grey_image_the_summed_filter_does_what_the_filter_does(shipped):
    filters = stem_filters(shipped.network)
    grey = torch.rand(1, 1, 28, 28)
    whole = functional.conv2d(grey.expand(1, 3, 28, 28), torch.from_numpy(filters), padding=1)
    summed = functional.conv2d(grey, torch.from_numpy(on_grey(filters))[:, None], padding=1)
    torch.testing.assert_close(whole, summed, rtol=1e-4, atol=1e-4)


def test_the_share_of_grey_is_1_for_equal_colours_and_0_where_they_cancel():
    pattern = np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32)
    one, zero = np.stack([pattern] * 3), np.stack([pattern, -pattern, 0 * pattern])
    mixed = one + zero  # at right angles: the shares are those of the squared lengths
    np.testing.assert_allclose(grey_share(np.stack([one, zero, mixed])), [1, 0, 3 / 5], atol=1e-6)


@pytest.mark.parametrize("blocks", [1, 2])
def test_a_value_depends_on_as_many_pixels_as_is_said(blocks):
    """The pixels at which the gradient of one value in the middle is not 0."""
    trunk = Backbone(64, 4, (blocks, 1, 1, 1), 8, 0.0).eval().trunk[: 3 + blocks]
    for layer in trunk.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.constant_(layer.weight, 0.01)  # so that no ReLU hides a path
    x = torch.ones(1, 3, 64, 64, requires_grad=True)
    trunk(x)[0, 0, 16, 16].backward()
    rows = x.grad[0, 0].abs().sum(dim=1).nonzero()
    assert int(rows.max() - rows.min()) + 1 == reach(blocks)


@pytest.mark.parametrize("wrong", [np.zeros((64, 64, 3), np.uint8), np.zeros((112, 112, 3))])
def test_what_is_no_aligned_face_is_refused(shipped, wrong):
    with pytest.raises(ValueError, match="expected uint8"):
        features(shipped.network, wrong, shipped.card.config)
