"""python gradio_app.py: the comparison as a Gradio page, as an HTTP API and as MCP tools.

It listens at 127.0.0.1:7860 unless GRADIO_SERVER_NAME and GRADIO_SERVER_PORT name another address.
"""

import os

from demo.spool import spool_in_memory, swept_folder


def prepare() -> None:
    """What has to stand before gradio is imported: no telemetry, and where uploads lie."""
    spool_in_memory()
    os.environ |= {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_TEMP_DIR": str(swept_folder()),
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


if __name__ == "__main__":
    prepare()
    from demo.tabs.page import serve

    serve().block_thread()
