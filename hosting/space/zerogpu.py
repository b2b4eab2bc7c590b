"""What the Space runs: gradio_app.py, hosted, with faces embedded on a GPU of ZeroGPU.

UNTRIED on that hardware: where this file was written there was no account for it. Where the hub's
package `spaces` is missing or finds no ZeroGPU, faces are embedded where torch finds a device.
"""

import os
from dataclasses import replace
from functools import cache, partial

os.environ.setdefault("MARGINSCOPE_HOSTED", "1")
# Importing `spaces` imports gradio there.
from gradio_app import prepare

prepare()

try:
    from spaces import GPU  # before torch, as its authors ask
except ImportError:

    def GPU(task):  # noqa: N802
        """The function as it is."""
        return task


import torch  # noqa: E402

from demo import assets  # noqa: E402
from model.recognizer import embedder  # noqa: E402

device = "cuda" if torch.cuda.is_available() else "cpu"
embedders = {
    name: embedder(shipped.network.to(device), shipped.card.config.input_size)
    for name in assets.SHIPPED
    for shipped in [assets.checkpoint(name)]
}
on_cpu = assets.recognizer


@GPU
def embed_on_gpu(name, crops):
    """Unit embeddings (N, D) of aligned faces, uint8 (N, 112, 112, 3), by a loss's network."""
    return embedders[name](crops)


@cache
def recognizer(name):
    """The recogniser of a loss, its embeddings from embed_on_gpu."""
    return replace(on_cpu(name), function=partial(embed_on_gpu, name))


assets.recognizer = recognizer

from demo.tabs.page import serve  # noqa: E402

serve().block_thread()
