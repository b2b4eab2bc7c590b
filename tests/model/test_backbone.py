"""The network's input: what light and contrast do to it, against a formula by hand."""

import numpy as np
import torch

from demo.assets import ASSETS
from model.backbone import to_input, whiten
from model.checkpoint import load_checkpoint


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
