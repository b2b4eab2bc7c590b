import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from model.head import Head
from model.margins import LOSSES, Margin


def loss_by_hand(z, label, weight, bias, scale, margin):
    """Cross-entropy of one image in plain Python floats, from the papers' equations."""
    logits = []
    for j in range(len(weight)):
        if margin is None:
            logits.append(scale * (sum(a * b for a, b in zip(z, weight[j], strict=True)) + bias[j]))
            continue
        norm = math.sqrt(sum(a * a for a in z)) * math.sqrt(sum(b * b for b in weight[j]))
        cosine = sum(a * b for a, b in zip(z, weight[j], strict=True)) / norm
        if j == label:
            phi = margin.multiply * math.acos(cosine) + margin.add_angle
            k = math.floor(phi / math.pi)
            cosine = (-1) ** k * math.cos(phi) - 2 * k - margin.add_cosine
        logits.append(scale * cosine)
    top = max(logits)
    return top + math.log(sum(math.exp(v - top) for v in logits)) - logits[label]


@pytest.mark.parametrize(
    "margin", [None, *(row.margin for row in LOSSES.values()), Margin(1.2, 0.9, 0.3)]
)
def test_loss_against_one_written_by_hand(margin: Margin | None):
    rng = np.random.default_rng(1)
    head = Head(7, 5, scale=12.0, margin=margin)
    if head.bias is not None:
        torch.nn.init.normal_(head.bias)
    z, y = rng.normal(size=(20, 5)) * 2, rng.integers(0, 7, 20)
    bias = None if head.bias is None else head.bias.tolist()
    expected = [
        loss_by_hand(row, label, head.weight.tolist(), bias, 12.0, margin)
        for row, label in zip(z.tolist(), y, strict=True)
    ]
    labels = torch.from_numpy(y)
    logits = head(torch.tensor(z, dtype=torch.float32), labels)
    found = functional.cross_entropy(logits, labels, reduction="none")
    np.testing.assert_allclose(found.detach(), expected, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("loss", ["softmax", "arcface"])
def test_logits_are_float32_under_autocast(loss: str):
    head = Head(7, 5, 16.0, LOSSES[loss].margin)
    z, y = torch.randn(4, 5), torch.tensor([0, 1, 2, 3])
    plain = head(z, y)
    with torch.autocast("cpu", torch.bfloat16):
        low = head(z, y)
    assert low.dtype == torch.float32
    assert torch.equal(low, plain)


def test_a_larger_margin_makes_the_same_embeddings_cost_more():
    z, y = torch.randn(32, 8), torch.randint(0, 10, (32,))
    losses = []
    for add_angle in (0.0, 0.2, 0.4, 0.6):
        torch.manual_seed(0)
        head = Head(10, 8, 16.0, Margin(add_angle=add_angle))
        losses.append(functional.cross_entropy(head(z, y), y).item())
    assert losses == sorted(losses)
    assert losses[0] < losses[-1]


def test_own_angle_is_the_angle_to_the_own_centre():
    head = Head(3, 4, 16.0, Margin())
    y = torch.tensor([2, 0])
    turned = head.centres()[y] * 5  # on the centre, whatever the length
    np.testing.assert_allclose(head.own_angle(turned, y), [0, 0], atol=1e-3)
    np.testing.assert_allclose(head.own_angle(-turned, y), [math.pi] * 2, atol=1e-3)
