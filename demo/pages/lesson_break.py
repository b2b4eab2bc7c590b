"""A step of the lesson: spoil a face until the network no longer takes it for the same person."""

from hashlib import sha256

import numpy as np
import streamlit as st

from demo import assets
from demo.figures.dial import degrees
from demo.figures.flat import config
from demo.language import Text
from demo.pages.address import chosen, keep
from demo.pages.frame import saying
from demo.pages.table import table
from demo.pages.terms import note
from demo.pages.waiting import in_turn
from model.angles import angles_between
from model.degrade import DEGRADATIONS, Degradation
from model.images import RGB
from model.verification import Values

KEPT = "break-curves"  # in the session, of the present crop alone
SHOWN = 168  # pixels, a crop on the screen


@st.fragment
def break_step(crop: RGB, words: Text) -> None:
    """Clean and spoilt crop, uint8 (112, 112, 3), their angle, and that at each strength."""
    with saying(words):
        _break(crop, words)


def _break(crop: RGB, words: Text) -> None:
    kind = st.segmented_control(
        words("break.kind"), list(DEGRADATIONS), key="break-kind", required=True,
        default=chosen("break-kind", list(DEGRADATIONS), "blur"), on_change=keep("break-kind"),
        format_func=lambda name: words(f"break.of_{name}"),
    )  # fmt: skip
    row = DEGRADATIONS[kind or "blur"]
    labels = [f"{strength:g}" for strength in row.strengths]
    key = f"break-{kind}"
    label = st.select_slider(
        words(f"break.axis_{kind}"), labels, chosen(key, labels, f"{row.default:g}"), key=key,
        format_func=lambda label: told(row, label, words), on_change=keep(key),
    )  # fmt: skip
    at = labels.index(label)
    strength = told(row, label, words)
    pictures = {
        "clean": (crop, words("break.clean")),
        "worse": (row.function(crop, row.strengths[at]), strength),
    }
    with st.container(horizontal=True):
        for name, (image, caption) in pictures.items():
            with st.container(width=SHOWN):
                alt = words(f"break.alt_{name}", strength=strength)
                st.image(image, caption, width=SHOWN, alt=alt)
    angles = curves(crop, kind, words)
    thresholds = {name: assets.recognizer(name).calibration.threshold for name in angles}
    said = sentence({name: float(angles[name][at]) for name in angles}, strength, words)
    st.markdown(said)
    figure_and_table(kind, labels, label, angles, thresholds, words)
    typical = degrees(assets.recognizer("arcface").calibration.typical(True))
    note(words, words("break.how", typical=typical))


def curves(crop: RGB, kind: str, words: Text) -> dict[str, Values]:
    """By loss the angles in degrees, (K,), from the clean crop to the crop at each strength.

    They stay in the session until another crop comes.
    """
    kept: dict[tuple[str, str], dict[str, Values]] = st.session_state.setdefault(KEPT, {})
    digest = sha256(crop.tobytes()).hexdigest()
    for old in [key for key in kept if key[0] != digest]:
        del kept[old]
    if (digest, kind) not in kept:
        faces = np.concatenate([crop[None], DEGRADATIONS[kind].series(crop)])  # (1 + K, 112, 112,3)
        with in_turn(st.empty(), words("compare.reading"), words):
            found = {name: assets.recognizer(name).embed(faces) for name in assets.SHIPPED}
        kept[digest, kind] = {
            name: np.degrees(angles_between(e[:1], e[1:])) for name, e in found.items()
        }
    return kept[digest, kind]


def told(row: Degradation, label: str, words: Text) -> str:
    """A strength with its unit, shares in per cent."""
    value = f"{100 * float(label):g}" if row.unit == "share" else label
    return words(f"break.unit_{row.unit}", value=value)


def sentence(angles: dict[str, float], strength: str, words: Text) -> str:
    """What each network says of the spoilt crop, and which of them has lost the person."""
    thresholds = {name: assets.recognizer(name).calibration.threshold for name in angles}
    lost = [words.loss(name) for name, angle in angles.items() if angle > thresholds[name]]
    which = "all" if len(lost) == len(angles) else "some" if lost else "none"
    listed = ", ".join(f"{words.loss(name)} {degrees(angle)}" for name, angle in angles.items())
    return words(f"break.said_{which}", strength=strength, angles=listed, lost=", ".join(lost))


def first_lost(angles: Values, threshold: float) -> int | None:
    """The first of the strengths (K,) at which the angle is past the threshold, both in degrees."""
    past = np.flatnonzero(angles > threshold)
    return int(past[0]) if len(past) else None


def figure_and_table(
    kind: str,
    labels: list[str],
    label: str,
    angles: dict[str, Values],
    thresholds: dict[str, float],
    words: Text,
) -> None:
    """The curves, and beside them in numbers what they show."""
    from demo.figures.strengths import strengths_figure  # Plotly, which other pages do without

    row, at = DEGRADATIONS[kind], labels.index(label)
    rows, ends = [], []
    for name, values in angles.items():
        first = first_lost(values, thresholds[name])
        end = words("break.never") if first is None else told(row, labels[first], words)
        ends.append(words("break.alt_end", loss=words.loss(name), end=end))
        rows.append([words.loss(name), degrees(float(values[at])), degrees(thresholds[name]), end])
    st.plotly_chart(
        strengths_figure(labels, angles, thresholds, label, words(f"break.axis_{kind}"), words),
        key=f"break-figure-{kind}", config=config(f"break-{kind}"),
        alt=words("break.alt_curves", what=words(f"break.of_{kind}"), ends=" ".join(ends)),
    )  # fmt: skip
    head = [words(key) for key in ("break.loss", "break.angle", "break.threshold", "break.end")]
    st.html(table(head, rows))
