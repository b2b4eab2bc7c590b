"""The dial: the angle between two faces, drawn as that angle, before the angles of known pairs.

The first face's direction is the left end of an arc of 120 degrees, 0; the second face is the
needle, at the true angle. Two hills along the arc are the validation pairs: genuine ones filled,
impostor ones outlined. It keeps angles exact; it loses in which of the embedding's many dimensions
the two faces differ.

It is SVG of our own: a visitor's browser has nothing to load for it, the picture that a person
saves has the same dial, and it draws one thing that no library has.
"""

from html import escape

import numpy as np
from numpy.typing import NDArray

from demo.colours import FAINT, INK, LINE, colour_of, translucent
from demo.language import Text
from model.calibration import BINS, Calibration

SPAN = 120.0  # degrees on the arc; beyond it the needle stays at the end
HILL = 0.42  # height of the highest hill, in radii
SMOOTH = 2.0  # degrees
FARS = (0.1, 0.01, 0.001)  # whose thresholds are drawn
FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans KR', sans-serif"
WIDTH, HEIGHT = 320.0, 208.0  # of the drawing, in its own units
HUB, RADIUS = np.array([160.0, 182.0]), 108.0
BELOW = np.array([0.0, 17.0])
Points = NDArray[np.float64]

# The needle turns from 0 to its place once, where the visitor's system has not asked for stillness.
SETTLE = (
    "@media (prefers-reduced-motion: no-preference) {{ .needle {{ animation: settle 0.7s ease-out; "
    "transform-origin: {x}px {y}px }} @keyframes settle {{ from {{ transform: rotate(-{angle}deg) "
    "}} }} }}"
)


def dial(
    name: str, calibration: Calibration, angle: float | None, text: Text, moving: bool = True
) -> str:
    """One recogniser's figure as SVG; `angle` in degrees, None while there is no pair to place.

    `moving`: the needle settles into its place once.
    """
    colour = colour_of(name)
    parts = [
        *_hills(calibration, colour, text),
        *_scale(),
        *_thresholds(calibration, text),
    ]
    if angle is not None:
        parts += _needle(angle, colour, moving)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" '
        f'width="{WIDTH:g}" height="{HEIGHT:g}" font-family="{escape(FONT)}" font-size="10.5">'
        f"{''.join(parts)}</svg>"
    )


def degrees(angle: float) -> str:
    """57.04 -> '57.0°'."""
    return f"{angle:.1f}°"


def signed(value: float, digits: int) -> str:
    """-0.1 -> '−0.10', with a real minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")


def on_arc(angle: Points | float, radius: Points | float) -> Points:
    """Where an angle in degrees stands, (..., 2) in the drawing's units; `radius` in radii.

    0 degrees is at the lower left, SPAN at the lower right, the middle on top.
    """
    bearing = np.radians(90.0 + SPAN / 2 - np.asarray(angle, dtype=np.float64))
    direction = np.stack([np.cos(bearing), -np.sin(bearing)], axis=-1)
    return np.asarray(HUB + RADIUS * np.asarray(radius)[..., None] * direction)


def _path(points: Points, **style: object) -> str:
    """A path through `points` (N, 2), closed where it is filled."""
    steps = "L".join(f"{x:.2f} {y:.2f}" for x, y in points)
    close = "Z" if style.get("fill", "none") != "none" else ""
    return f'<path d="M{steps}{close}"{attributes(style)}/>'


def _label(point: Points, words: str, **style: object) -> str:
    """Words centred on a point (2,)."""
    place = f'x="{point[0]:.2f}" y="{point[1] + 3.5:.2f}" text-anchor="middle"'
    return f"<text {place}{attributes({'fill': INK, **style})}>{escape(words)}</text>"


def attributes(style: dict[str, object]) -> str:
    """{"font_size": 11} -> ' font-size="11"', as SVG wants it."""
    return "".join(f' {key.replace("_", "-")}="{value}"' for key, value in style.items())


def _hills(calibration: Calibration, colour: str, text: Text) -> list[str]:
    angle = np.arange(SPAN + 1)
    hills = {name: _density(getattr(calibration, name)) for name in ("genuine", "impostor")}
    top = max(density.max() for density in hills.values())
    drawn = []
    for name, density in hills.items():
        height = density / top * HILL
        rim, filled = on_arc(angle, 1.0 + height), name == "genuine"
        if filled:
            rim = np.concatenate([rim, on_arc(angle[::-1], np.ones_like(angle))])
        look = {"fill": translucent(colour, 0.55)} if filled else {"fill": "none", "stroke": colour}
        drawn.append(_path(rim, id=name, stroke_width=1.8, **look))
        middle = calibration.typical(same=filled)
        place = on_arc(middle, 1.0 + height.max() + 0.1)
        shift = np.array([-14.0 if filled else 8.0, 0.0])
        drawn.append(_label(place + shift, text(f"figure.{name}")))
    return drawn


def _density(counts: tuple[int, ...]) -> Points:
    """How densely pairs lie at each whole degree 0..SPAN, smoothed with a Gaussian of 2 degrees."""
    per_degree = BINS / 180.0
    bins = np.arange(-4 * SMOOTH * per_degree, 4 * SMOOTH * per_degree + 1)
    kernel = np.exp(-0.5 * (bins / (SMOOTH * per_degree)) ** 2)
    smooth = np.convolve(counts, kernel / kernel.sum(), mode="same")
    at = (np.arange(SPAN + 1) * per_degree).astype(int)
    return np.asarray(smooth[at] / max(smooth.sum(), 1e-12))


def _scale() -> list[str]:
    arc = on_arc(np.linspace(0, SPAN, 121), np.ones(121))
    drawn = [_path(arc, fill="none", stroke=LINE, stroke_width=1.5)]
    for angle in range(0, int(SPAN) + 1, 30):
        ends = on_arc(np.full(2, float(angle)), np.array([0.95, 1.0]))
        drawn.append(_path(ends, stroke=LINE, stroke_width=1.5))
        at_end = angle in (0, SPAN)  # below the end of the arc, clear of the needles
        place = on_arc(float(angle), 1.0) + BELOW if at_end else on_arc(float(angle), 0.86)
        drawn.append(_label(place, f"{angle}°"))
    return drawn


def _thresholds(calibration: Calibration, text: Text) -> list[str]:
    """The threshold with the fewest errors, dashed, and short ticks for FAR 10, 1 and 0.1 %."""
    best = np.full(2, min(calibration.threshold, SPAN))
    reach = np.array([0.9, 1.0 + HILL + 0.02])
    look: dict[str, object] = {"stroke": INK, "stroke_width": 1.5}
    drawn = [_path(on_arc(best, reach), id="threshold", stroke_dasharray="5 4", **look)]
    for i, far in enumerate(FARS):
        angle = min(calibration.threshold_at_far(far), SPAN)
        tick = on_arc(np.full(2, angle), np.array([0.68, 0.77]))
        drawn.append(_path(tick, id=f"far-{i}", **look))
    drawn.append(_label(HUB + BELOW, text("figure.ticks"), font_size=9))
    return drawn


def _needle(angle: float, colour: str, moving: bool) -> list[str]:
    """Both directions and the wedge between them: a ring, the first photo; a square, the second."""
    end = min(angle, SPAN)
    wedge = np.concatenate([[HUB], on_arc(np.linspace(0, end, 61), np.full(61, 0.28))])
    first, second = on_arc(0.0, 1.0), on_arc(end, 1.0)
    line: dict[str, object] = {"stroke": colour, "stroke_width": 3.5}
    style = SETTLE.format(x=HUB[0], y=HUB[1], angle=f"{end:.2f}") if moving else ""
    ring = f'cx="{first[0]:.2f}" cy="{first[1]:.2f}" r="6" fill="none"{attributes(line)}'
    square = f'x="{second[0] - 6:.2f}" y="{second[1] - 6:.2f}" width="12" height="12"'
    return [
        f"<style>{style}</style>" if style else "",
        _path(wedge, fill=FAINT),
        _path(np.stack([HUB, first + (HUB - first) * 6 / RADIUS]), id="first", **line),
        f"<circle {ring}/>",
        '<g class="needle">',
        _path(np.stack([HUB, second]), id="second", **line),
        f'<rect {square} fill="{colour}"/>',
        "</g>",
        f'<circle cx="{HUB[0]:g}" cy="{HUB[1]:g}" r="3.5" fill="{colour}"/>',
    ]
