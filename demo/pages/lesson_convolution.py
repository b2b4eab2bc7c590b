"""A step of the lesson: convolution by hand, and what the network's first layers see."""

from functools import cache
from typing import Any

import streamlit as st

from demo import assets
from demo.figures.convolution import convolution_data, filter_tiles, map_tiles
from demo.figures.standalone import FIGURES, script
from demo.language import Text
from demo.pages.terms import note
from model.checkpoint import Checkpoint
from model.errors import MarginScopeError
from model.features import Maps, features, grey_share, stem_filters
from model.images import RGB

KEY = "convolution"
SAID = (
    "filter", "stride", "padding", "pooling", "stage", "input", "padded", "products", "zero",
    "output", "grey", "signed", "pooled", "pooled_how", "unpooled", "divides", "floors", "at",
    "keys",
)  # fmt: skip


def convolution_step(crop: RGB, words: Text) -> None:
    """Move a filter over an aligned face, uint8 (112, 112, 3); then the network's own filters."""
    st.markdown(words("convolution.lead"))
    try:
        shipped = assets.checkpoint("arcface")
    except MarginScopeError as error:
        _by_hand(crop, None, words)
        st.info(words.error(error))
        return
    filters = stem_filters(shipped.network)
    _by_hand(crop, filters, words)
    _network(crop, shipped, filters, words)


def _by_hand(crop: RGB, filters: Maps | None, words: Text) -> None:
    """The component, and what is true of it but cannot be seen in it."""
    said = {key: words(f"convolution.{key}") for key in SAID}
    data = convolution_data(crop, filters, words)
    _component()(key=KEY, data=data | {"key": KEY, "words": said})
    note(words, words("convolution.honest"))
    if filters is not None:
        note(words, words("convolution.honest_learned"))


def _network(crop: RGB, shipped: Checkpoint, filters: Maps, words: Text) -> None:
    """Filters of the stem, its maps, and those of the first stage, beside one another."""
    config = shipped.card.config
    found = features(shipped.network, crop, config)
    fields = {
        "count": len(filters),
        "grey": int((grey_share(filters) > 0.5).sum()),
        "size": config.input_size,
        "side": found.stem.shape[1],
        "reach": found.reach,
        "layers": 2 * config.blocks[0],
    }
    st.markdown(words("convolution.network", **fields))
    drawn = {
        "filters": filter_tiles(filters),
        "stem": map_tiles(found.stem),
        "stage": map_tiles(found.stage),
    }
    for column, (name, image) in zip(st.columns(len(drawn)), drawn.items(), strict=True):
        with column:
            st.markdown(f"**{words(f'convolution.{name}_title')}**")
            st.image(
                image, width="stretch", output_format="PNG",
                alt=words(f"convolution.{name}_alt", **fields),
            )  # fmt: skip
            note(words, words(f"convolution.{name}_says", **fields))


@cache
def _component() -> Any:
    """The component of figures/convolution.js."""
    html, css = (
        (FIGURES / f"convolution.{kind}").read_text(encoding="utf-8") for kind in ("html", "css")
    )
    return st.components.v2.component("convolution", html=html, css=css, js=script("convolution"))
