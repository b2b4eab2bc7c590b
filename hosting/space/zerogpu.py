"""What the Space runs: gradio_app.py, hosted, with faces embedded on a GPU of ZeroGPU.

UNTRIED on that hardware: where this file was written there was no account for it. Where the hub's
package `spaces` is missing or finds no ZeroGPU, everything is computed where torch finds a device.
"""

import os
import runpy
from dataclasses import replace
from functools import cache, partial

try:
    from spaces import GPU  # before torch, as its authors ask
except ImportError:

    def GPU(task):  # noqa: N802
        """The function as it is."""
        return task


import torch

from demo import assets
from model.recognizer import embedder

on_cpu = assets.recognizer


@GPU
def embed_on_gpu(name, crops):
    """Unit embeddings (N, D) of aligned faces, uint8 (N, 112, 112, 3), by a loss's network."""
    shipped = assets.checkpoint(name)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return embedder(shipped.network.to(device), shipped.card.config.input_size)(crops)


@cache
def recognizer(name):
    """The recogniser of a loss, its embeddings from embed_on_gpu."""
    return replace(on_cpu(name), function=partial(embed_on_gpu, name))


assets.recognizer = recognizer
os.environ.setdefault("MARGINSCOPE_HOSTED", "1")
runpy.run_module("gradio_app", run_name="__main__")
