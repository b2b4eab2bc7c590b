"""streamlit run app.py"""

from pathlib import Path

import streamlit as st
import torch

from demo.language import text
from demo.pages.compare import compare_page
from demo.pages.frame import language
from demo.pages.lab import lab_page
from demo.pages.lesson import lesson_page
from demo.pages.margin import margin_page
from demo.pages.playback import playback_page
from demo.pages.results import results_page
from demo.pages.sphere_page import sphere_page
from demo.spool import spool_in_memory

spool_in_memory()
# A second thread gains little on two faces, and waits for its turn where others want the cores.
torch.set_num_threads(1)
words = text(language())
st.set_page_config(page_title=words("app.title"), layout="wide")
st.html(Path(__file__).parent / "demo" / "pages" / "style.css")
pages = {
    name: st.Page(page, title=words(f"nav.{name}"), url_path=name, default=name == "compare")
    for name, page in {
        "compare": compare_page,
        "spheres": sphere_page,
        "margin": margin_page,
        "playback": playback_page,
        "lab": lab_page,
        "lesson": lesson_page,
        "results": results_page,
    }.items()
}
st.session_state.pages = pages  # for frame.go()
st.navigation(list(pages.values()), position="top").run()
