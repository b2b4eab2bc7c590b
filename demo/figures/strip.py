"""The margin at a glance: the last frame under each m in a row, and its mean own-centre angle.

Each sphere shows the embedding itself, nothing is projected; the wedge under it is the mean angle
of training images to their own centre, the dashed one that of held-out images, both true to size.
"""

from html import escape

import numpy as np
from numpy.typing import NDArray

from demo.colours import INK, LINE, colour_of, translucent
from demo.figures.dial import FONT, attributes, degrees
from demo.language import Text
from model.film import FULL, Film, Reel
from model.playback import MARGINS, STRIP

CELL, RADIUS, LEG = 150.0, 66.0, 96.0  # of one sphere, in the drawing's units; LEG of a wedge
TOP, HEIGHT = 26.0, 286.0
FAINT, DOT, HOLLOW = 0.25, 2.6, 1.7  # opacity behind; diameter of a dot, radius of a hollow one
Points = NDArray[np.float64]


def strip(reel: Reel, colours: list[str], text: Text) -> str:
    """The last frames of STRIP as one SVG; `colours` of the reel's people."""
    width = CELL * len(STRIP)
    cells = [
        f'<g transform="translate({CELL * (i + 0.5):g} 0)">{"".join(_cell(reel, run, colours))}</g>'
        for i, run in enumerate(STRIP)
    ]
    note = _words(width / 2, HEIGHT - 6, text("playback.strip_note"), font_size=11)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {HEIGHT:g}" '
        f'width="{width:g}" height="{HEIGHT:g}" font-family="{escape(FONT)}" font-size="12">'
        f"{''.join(cells)}{note}</svg>"
    )


def last_angles(film: Film) -> tuple[float, float]:
    """The mean own-centre angles of the last frame in degrees: training, held out."""
    own, held = (float(np.degrees(film.curves[curve][-1])) for curve in ("own", "own_held"))
    return own, held


def _cell(reel: Reel, run: str, colours: list[str]) -> list[str]:
    """One sphere or circle about x = 0, its m above, its wedge below."""
    film = reel.films[run]
    m = MARGINS[STRIP.index(run)]
    own, held = last_angles(film)
    bottom = TOP + 2 * RADIUS + 12
    return [
        _words(0, 15, f"m = {m:.1f}", font_weight=600, font_size=13),
        f'<g transform="translate(0 {TOP + RADIUS:g})">',
        f'<circle r="{RADIUS:g}" fill="{INK}" fill-opacity="0.08" stroke="{LINE}"/>',
        *_images(film.points[-1] / FULL, reel, colours),
        *_centres(film.centres[-1] / FULL, colours),
        "</g>",
        *_wedge(-LEG / 2, bottom + 64, own, held, colour_of("arcface" if m else run)),
        _words(0, bottom + 84, degrees(own), font_weight=650, font_size=16),
    ]


def _images(points: Points, reel: Reel, colours: list[str]) -> list[str]:
    """Training images as dots, held-out ones hollow; those behind the sphere paler."""
    depth = points[:, 2] if points.shape[1] == 3 else np.ones(len(points))
    places = RADIUS * points[:, :2] * (1, -1)
    drawn = []
    for front in (False, True):
        look = "" if front else f' opacity="{FAINT}"'
        parts = []
        for j, colour in enumerate(colours):
            mine = (reel.person == j) & ((depth > 0) == front)
            dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places[mine & ~reel.held])
            parts.append(
                f'<path d="{dots}" stroke="{colour}" stroke-width="{DOT}" stroke-linecap="round"/>'
            )
            parts += [
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{HOLLOW}" stroke="{colour}" fill="none"/>'
                for x, y in places[mine & reel.held]
            ]
        drawn.append(f"<g{look}>{''.join(parts)}</g>")
    return drawn


def _centres(centres: Points, colours: list[str]) -> list[str]:
    """A ring where a class centre on the front is."""
    front = centres[:, 2] > 0 if centres.shape[1] == 3 else np.ones(len(centres), dtype=bool)
    return [
        f'<circle cx="{RADIUS * x:.1f}" cy="{-RADIUS * y:.1f}" r="5" fill="none" '
        f'stroke="{colour}" stroke-width="1.6"/>'
        for (x, y), colour, seen in zip(centres[:, :2], colours, front, strict=True)
        if seen
    ]


def _wedge(x: float, y: float, own: float, held: float, colour: str) -> list[str]:
    """Both angles from one apex, the held-out one dashed."""
    drawn = []
    for angle, look in (
        (held, f'fill="none" stroke="{INK}" stroke-dasharray="3 3"'),
        (own, f'fill="{translucent(colour, 0.35)}" stroke="{colour}" stroke-width="1.6"'),
    ):
        turn = np.radians(angle)
        end = (x + LEG * np.cos(turn), y - LEG * np.sin(turn))
        path = f"M{x:.2f} {y:.2f}h{LEG:g}A{LEG:g} {LEG:g} 0 0 0 {end[0]:.2f} {end[1]:.2f}Z"
        drawn.append(f'<path d="{path}" {look}/>')
    return drawn


def _words(x: float, y: float, words: str, **style: object) -> str:
    look = attributes({"text_anchor": "middle", "fill": INK, **style})
    return f'<text x="{x:g}" y="{y:g}"{look}>{escape(words)}</text>'
