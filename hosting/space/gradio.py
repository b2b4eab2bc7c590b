"""What the Space runs: gradio_app.py, hosted. A Space's variables cannot be pushed in a folder."""

import os
import runpy

os.environ.setdefault("MARGINSCOPE_HOSTED", "1")
runpy.run_module("gradio_app", run_name="__main__")
