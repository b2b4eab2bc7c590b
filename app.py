"""streamlit run app.py"""

from pathlib import Path

import streamlit as st
import torch

from demo.language import guess, text
from demo.pages.compare import page
from demo.spool import spool_in_memory

spool_in_memory()
# A second thread gains little on two faces, and waits for its turn where others want the cores.
torch.set_num_threads(1)
words = text(guess(st.context.locale))
st.set_page_config(page_title=words("app.title"), layout="wide")
st.html(Path(__file__).parent / "demo" / "pages" / "style.css")
st.navigation(
    [st.Page(page, title=words("nav.compare"), url_path="compare", default=True)], position="hidden"
).run()
