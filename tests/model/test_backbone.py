"""The network: its input against a formula by hand, its blocks with and without a shortcut."""

import dataclasses

import numpy as np
import pytest
import torch

from demo.assets import ASSETS
from model.backbone import Backbone, Block, to_input, whiten
from model.checkpoint import load_checkpoint, load_network
from model.recipe import TrainConfig
from model.training import Training


def faces(count: int = 3) -> torch.Tensor:
    return torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 1.6 - 0.8


def test_each_face_has_mean_0_and_deviation_1_over_pixels_and_colours():
    x = faces()
    for one, wanted in zip(whiten(x), x.numpy(), strict=True):
        by_hand = (wanted - wanted.mean()) / wanted.std()
        np.testing.assert_allclose(one.numpy(), by_hand, atol=1e-5)


def test_an_even_grey_stays_finite():
    assert torch.equal(whiten(torch.full((1, 3, 16, 16), 0.3)), torch.zeros(1, 3, 16, 16))


def test_neither_light_nor_contrast_moves_an_embedding():
    network = load_checkpoint(ASSETS / "arcface.safetensors").network
    crops = torch.randint(0, 256, (2, 112, 112, 3), dtype=torch.uint8)
    x = to_input(crops, 64)
    with torch.inference_mode():
        plain, darker = network(x), network(0.3 * x - 0.6)
    torch.testing.assert_close(plain, darker, rtol=1e-3, atol=1e-3)


def seeded(plain: bool) -> Backbone:
    torch.manual_seed(3)
    return Backbone(32, 4, (1, 2, 1, 2), 8, 0.0, plain)


def test_the_plain_twin_is_the_same_network_less_its_shortcuts():
    residual, twin = (seeded(plain).state_dict() for plain in (False, True))
    assert set(twin) == {name for name in residual if ".shortcut." not in name}
    assert set(twin) < set(residual)
    for name, tensor in twin.items():
        assert torch.equal(tensor, residual[name]), name
    # A projection where stages 2 to 4 begin, from half the channels: 1 x 1 weights, gain and bias
    by_hand = sum(c // 2 * c + 2 * c for c in (8, 16, 32))
    count = [sum(p.numel() for p in seeded(plain).parameters()) for plain in (False, True)]
    assert count[0] - count[1] == by_hand


def test_twins_learn_under_the_same_head():
    small = TrainConfig(input_size=32, width=4, blocks=(1, 1, 1, 1), dimension=8)
    heads = [
        Training(dataclasses.replace(small, plain=plain), 3, 10).head.weight
        for plain in (False, True)
    ]
    assert torch.equal(*heads)


@pytest.mark.parametrize("plain", [False, True])
def test_a_block_that_has_learned_nothing_keeps_its_input_or_loses_it(plain: bool):
    block = Block(4, 4, 1, plain).eval()
    for convolution in (block.conv1, block.conv2):
        torch.nn.init.zeros_(convolution.weight)
    x = torch.randn(2, 4, 8, 8)
    wanted = torch.zeros_like(x) if plain else x.clamp(min=0)
    torch.testing.assert_close(block(x), wanted)


def test_a_seed_starts_from_the_weights_that_it_always_did():
    """The draws in their order: each block's convolutions, then its projection."""
    found = seeded(False).state_dict()
    torch.manual_seed(3)
    channels = [(3, 4, 3), (4, 4, 3), (4, 4, 3), (4, 8, 3), (8, 8, 3), (4, 8, 1)]
    drawn = [torch.nn.Conv2d(a, b, side, bias=False).weight for a, b, side in channels]
    names = ["0", "3.conv1", "3.conv2", "4.conv1", "4.conv2", "4.shortcut.0"]
    for name, weight in zip(names, drawn, strict=True):
        assert torch.equal(found[f"trunk.{name}.weight"], weight), name


def test_a_shipped_checkpoint_is_residual_and_unchanged():
    """Its recipe may be older than the field; as the plain twin its weights would not fit."""
    checkpoint = load_checkpoint(ASSETS / "arcface.safetensors")
    config = checkpoint.card.config
    assert not config.plain
    with pytest.raises(ValueError, match="shortcut"):
        load_network(dataclasses.replace(config, plain=True), checkpoint.network.state_dict())
