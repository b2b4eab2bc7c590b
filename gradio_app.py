"""python gradio_app.py: the comparison as a Gradio page, as an HTTP API and as MCP tools.

It listens at 127.0.0.1:7860 unless GRADIO_SERVER_NAME and GRADIO_SERVER_PORT name another address.
"""

import os

import torch

from demo.spool import spool_in_memory, swept_folder

if __name__ == "__main__":
    # A second thread gains little on two faces, and waits for its turn where others want the cores.
    torch.set_num_threads(1)
    spool_in_memory()
    os.environ |= {  # which gradio reads as it is imported
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_TEMP_DIR": str(swept_folder()),
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    from demo.tabs.page import serve

    serve().block_thread()
