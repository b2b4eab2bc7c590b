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

from demo import assets, spool
from model.recognizer import embedder

on_cpu = assets.recognizer
# Decorating imports gradio there, which reads then where photos may lie while they arrive:
# gradio_app.py is to find this folder when it asks for one.
spool.swept_folder = cache(spool.swept_folder)
os.environ |= {"GRADIO_TEMP_DIR": str(spool.swept_folder()), "GRADIO_ANALYTICS_ENABLED": "False"}
os.environ.setdefault("MARGINSCOPE_HOSTED", "1")


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
runpy.run_module("gradio_app", run_name="__main__")
