"""The occlusion map: both faces, and where covering one moves it away from the other.

It keeps by how much the angle grows or shrinks, one scale for every loss. It loses what regions do
together. The faces stand in grey under the colours; a frame marks the square that costs most.
"""

from collections.abc import Iterable
from html import escape

import numpy as np
from numpy.typing import NDArray

from demo.colours import CARRIES, HINDERS, INK
from demo.figures.dial import FONT, attributes, signed
from demo.language import Text
from demo.service import data_url
from model.explain import Occlusion
from model.faces import CROP
from model.images import RGB

GAP, FOOT = 10.0, 20.0  # between the two faces and under them, in pixels of a crop
STRONGEST = 0.8  # how much of the colour stands over the face at the scale's end
DARKEST, SPAN = 70.0, 150.0  # the greys of a face under the colours
BAR, STEPS = (300.0, 34.0), 60  # the colour bar's size and in how many steps it is drawn
MARKS = ("○", "□")
LUMINANCE = (0.2126, 0.7152, 0.0722)


def overlay(crops: tuple[RGB, RGB], found: Occlusion, scale: float) -> str:
    """Both faces under one loss as SVG; `scale` degrees have the full colour."""
    parts = []
    for side, (crop, drawn) in enumerate(zip(crops, np.degrees(found.maps()), strict=True)):
        most = found.most(side)
        place: dict[str, object] = {"x": most.left, "y": most.top}
        place |= {"width": found.patch, "height": found.patch}
        image = data_url(coloured(crop, drawn, scale))
        parts.append(
            f'<g transform="translate({side * (CROP + GAP):g} 0)">'
            f'<image width="{CROP}" height="{CROP}" href="{image}"/>'
            f"{_frame(place) if most.grown > 0 else ''}"
            f'<text x="{CROP / 2:g}" y="{CROP + 14:g}" text-anchor="middle" fill="{INK}">'
            f"{MARKS[side]} {degrees_more(most.grown)}</text></g>"
        )
    width, height = 2 * CROP + GAP, CROP + FOOT
    return _svg(width, height, "".join(parts), 10.0)


def coloured(crop: RGB, drawn: NDArray[np.float64], scale: float) -> RGB:
    """A face (112, 112, 3) in grey under the colours of its map (112, 112) in degrees."""
    grey = DARKEST + SPAN / 255.0 * (crop @ np.array(LUMINANCE))
    share = np.clip(drawn / scale, -1.0, 1.0)[..., None]
    colour = np.where(share > 0, _rgb(CARRIES), _rgb(HINDERS))
    alpha = STRONGEST * np.abs(share)
    mixed = (1.0 - alpha) * grey[..., None] + alpha * colour
    return np.asarray(np.round(mixed), dtype=np.uint8)


def common_scale(found: Iterable[Occlusion]) -> float:
    """Whole degrees, at least one, that no pixel of any of the maps exceeds."""
    greatest = [float(np.degrees(np.abs(one.maps()).max())) for one in found]
    return float(np.ceil(max([1.0, *greatest])))


def colour_bar(scale: float, text: Text) -> str:
    """What the colours mean, from -scale to scale degrees, over the middle grey of a face."""
    width, height = BAR
    grey = np.full((1, STEPS, 3), 128, dtype=np.uint8)
    strip = coloured(grey, np.linspace(-scale, scale, STEPS)[None], scale)
    ends = (
        (0.0, "start", f"−{scale:g}°  {text('explain.bar_less')}"),
        (width / 2, "middle", "0°"),
        (width, "end", f"{text('explain.bar_more')}  +{scale:g}°"),
    )
    words = "".join(
        f'<text x="{x:g}" y="28" text-anchor="{anchor}" fill="{INK}">{escape(said)}</text>'
        for x, anchor, said in ends
    )
    image = f'<image width="{width:g}" height="12" preserveAspectRatio="none" '
    return _svg(width, height, f'{image}href="{data_url(strip)}"/>{words}', 11.0)


def degrees_more(angle: float) -> str:
    """By how much an angle in radians grows: 0.0401 -> '+2.3°'."""
    value = round(float(np.degrees(angle)), 1) + 0.0  # which makes −0.0 a plain 0
    return f"{'+' if value > 0 else ''}{signed(value, 1)}°"


def _frame(place: dict[str, object]) -> str:
    """A white line in a dark one, to be seen on any ground."""
    return "".join(
        f"<rect{attributes({**place, 'fill': 'none', 'stroke': colour, 'stroke_width': width})}/>"
        for colour, width in (("#1c2129", 2.4), ("#ffffff", 1.0))
    )


def _rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64)


def _svg(width: float, height: float, inside: str, size: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" font-family="{escape(FONT)}" '
        f'font-size="{size:g}">{inside}</svg>'
    )
