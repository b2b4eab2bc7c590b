"""Explain this pair: which regions carry the similarity, and who of the gallery is nearer."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import streamlit as st

from demo import assets
from demo.figures.dial import degrees
from demo.figures.occlusion import MARKS, colour_bar, common_scale, degrees_more, overlay
from demo.figures.people import image_name
from demo.language import Text
from demo.pages.frame import saying
from demo.pages.terms import note
from demo.pages.waiting import in_turn
from demo.service import CompareService, Comparison
from demo.session import SIDES
from model.errors import MarginScopeError
from model.explain import PATCH, STRIDE, Nearer, Occlusion, nearer, occlusion_map, strangers
from model.faces import CROP
from model.gallery import Gallery
from model.recognizer import Recognizer

FACE_WIDTH = 48  # pixels, of a neighbour's picture


@dataclass
class Explained:
    """The maps of the pair that a visitor looks at, by loss; the next pair takes their place."""

    pair: str = ""
    maps: dict[str, Occlusion] = field(default_factory=dict)

    def of(self, comparison: Comparison, recognizer: Recognizer, words: Text) -> Occlusion:
        """The map under one loss, computed in turn where it is not there yet; TurnsFull."""
        crops = comparison.left.crop, comparison.right.crop
        pair = hashlib.sha256(b"".join(crop.tobytes() for crop in crops)).hexdigest()
        if pair != self.pair:
            self.pair, self.maps = pair, {}
        maps = self.maps
        if recognizer.name not in maps:
            with in_turn(st.empty(), words("explain.thinking"), words):
                maps[recognizer.name] = occlusion_map(*crops, recognizer.embed)
        return maps[recognizer.name]


@st.fragment
def explain(service: CompareService, comparison: Comparison | None, words: Text) -> None:
    """An expander of the compare page; opening it computes what is in it and runs nothing else."""
    if comparison is None:
        return
    with st.expander(
        words("explain.title"), key="explain", on_change="rerun", bind="query-params"
    ) as opened:
        if not opened.open:
            return
        kept: Explained = st.session_state.setdefault("explained", Explained())
        ours = [r for r in service.recognizers if r.card is not None]
        with saying(words):
            found = {r.name: kept.of(comparison, r, words) for r in ours}
            _regions(found, comparison, ours, words)
            _neighbours(list(found), comparison, words)


def _regions(
    found: dict[str, Occlusion], comparison: Comparison, ours: list[Recognizer], words: Text
) -> None:
    """Both faces under each loss, on one scale, and what is seen there in words."""
    st.markdown(f"##### {words('explain.regions_title')}")
    scale = common_scale(found.values())
    crops = comparison.left.crop, comparison.right.crop
    columns = st.columns(len(found))
    for column, recognizer, one in zip(columns, ours, found.values(), strict=True):
        loss = words.loss(recognizer.name)
        said = _said(one, recognizer, words)
        alt = words("explain.alt", loss=loss, said=" ".join(said).replace("*", ""))
        with column:
            st.markdown(f"**{loss}** · {degrees(float(np.degrees(one.angle)))}")
            st.image(overlay(crops, one, scale), width="stretch", alt=alt)
            st.markdown("\n".join(f"- {sentence}" for sentence in said))
    with st.container(key="explain-bar"):
        bar_alt = words("explain.bar_alt", scale=f"{scale:g}")
        st.image(colour_bar(scale, words), width="stretch", alt=bar_alt)
    note(words, words("explain.how", patch=PATCH, stride=STRIDE, side=CROP, **_erased(ours)))


def _erased(ours: list[Recognizer]) -> dict[str, str]:
    """How many of 100 training photos had a rectangle erased: the networks know such holes."""
    card = ours[0].card
    return {"erased": f"{100 * card.config.erase:g}" if card else "0"}


def _said(found: Occlusion, recognizer: Recognizer, words: Text) -> list[str]:
    """What a loss's two maps show, a sentence a face, and when they can show little."""
    sentences = []
    for side, name in enumerate(SIDES):
        most, least = found.most(side), found.least(side)
        fields = {
            "photo": f"{MARKS[side]} {words(f'compare.{name}')}",
            "most": words(f"region.{most.region}"),
            "least": words(f"region.{least.region}"),
            "grown": degrees_more(most.grown),
            "shrunk": degrees_more(least.grown),
        }
        both = most.grown > 0 > least.grown
        key = "both" if both else "most" if most.grown > 0 else "least"
        sentences.append(words(f"explain.said_{key}", **fields))
    impostor = recognizer.calibration.typical(same=False)
    if np.degrees(found.angle) >= impostor:
        sentences.append(words("explain.little", impostor=degrees(impostor)))
    return sentences


def _neighbours(losses: list[str], comparison: Comparison, words: Text) -> None:
    """For each photo the people of the gallery who are nearest, and how many are nearer."""
    st.markdown(f"##### {words('explain.near_title')}")
    folder = assets.gallery_folder()
    try:
        gallery = assets.spheres(folder).gallery
    except MarginScopeError as error:
        st.info(words.error(error))
        return
    files = assets.gallery_photos(folder)
    losses = [name for name in losses if name in gallery.embeddings]
    others = {
        loss: strangers(comparison.embeddings[loss], gallery.embeddings[loss], gallery.person)
        for loss in losses
    }
    for side, name in enumerate(SIDES):
        st.markdown(f"**{MARKS[side]} {words(f'compare.{name}')}**")
        for column, loss in zip(st.columns(len(losses)), losses, strict=True):
            angle = comparison.answers[loss].angle
            face = comparison.embeddings[loss][side]
            near = nearer(
                face, gallery.embeddings[loss], gallery.person, np.radians(angle),
                among=others[loss],
            )  # fmt: skip
            with column, st.container(key=f"near-{name}-{loss}"):
                st.markdown(_counted(near, loss, angle, int(others[loss].sum()), words))
                _people(near, gallery, files)
    note(words, words("explain.near_how"))


def _people(near: Nearer, gallery: Gallery, files: tuple[Path | None, ...] | None) -> None:
    """The nearest people by name, with their pictures where this machine has them."""
    names = [image_name(gallery, int(image)) for image in near.nearest]
    told = [
        f"{name} · {degrees(float(away))}"
        for name, away in zip(names, np.degrees(near.angles), strict=True)
    ]
    if not files:
        st.markdown("\n".join(f"1. {one}" for one in told))
        return
    for image, name, one in zip(near.nearest, names, told, strict=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if file := files[image]:
                st.image(str(file), width=FACE_WIDTH, alt=name)
            st.markdown(one, width="content")


def _counted(near: Nearer, loss: str, angle: float, count: int, words: Text) -> str:
    """How many of `count` faces of the gallery are nearer to a photo than the other photo is."""
    return words(
        "explain.near" if near.images else "explain.near_none",
        loss=words.loss(loss), angle=degrees(angle), images=f"{near.images:,}",
        people=near.people, all=f"{count:,}",
    )  # fmt: skip
