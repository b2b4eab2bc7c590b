"""python gradio_app.py: the comparison as a Gradio page, as an HTTP API and as MCP tools.

It listens at 127.0.0.1:7860 unless GRADIO_SERVER_NAME and GRADIO_SERVER_PORT name another address.
MARGINSCOPE_HOSTED=1 offers comparison alone, as strangers meet it.
"""

import argparse
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
    command = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.parse_args()
    prepare()
    from demo.tabs.page import serve

    serving = serve()
    print(f"{serving.local_url} (MCP: {serving.local_url}gradio_api/mcp/)", flush=True)
    serving.block_thread()
