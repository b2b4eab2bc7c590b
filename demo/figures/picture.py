"""One picture of a comparison, to keep: both faces, each recogniser's dial and what it says.

It is SVG without a link to anything outside; the page turns it into PNG in the visitor's browser,
with that browser's fonts, so no photo goes anywhere to be drawn.
"""

from html import escape

from demo.figures.dial import FONT, HEIGHT, WIDTH, degrees, dial, signed
from demo.language import Text
from demo.service import Answer, Comparison, data_url
from model.images import RGB
from model.recognizer import Recognizer

FACE, MARGIN, TOP = 200.0, 32.0, 84.0  # in the picture's units
PAPER, BLACK = "#ffffff", "#1c2129"
LINE = 20.0  # from one line of words to the next


def picture(comparison: Comparison, recognizers: tuple[Recognizer, ...], text: Text) -> str:
    """The comparison as SVG on white."""
    middle = MARGIN + FACE + MARGIN / 2
    width = 2 * middle + WIDTH * len(recognizers)
    height = TOP + HEIGHT + 5 * LINE + 76
    parts = [
        f'<rect width="{width:g}" height="{height:g}" fill="{PAPER}"/>',
        _words(MARGIN, 50, text("app.title"), size=26, weight=650, anchor="start"),
        _face(MARGIN, comparison.left.crop, "○ " + text("compare.left")),
        _face(width - MARGIN - FACE, comparison.right.crop, "□ " + text("compare.right")),
    ]
    for i, recognizer in enumerate(recognizers):
        left = middle + i * WIDTH
        answer = comparison.answers[recognizer.name]
        drawn = dial(recognizer.name, recognizer.calibration, answer.angle, text, moving=False)
        parts.append(f'<g transform="translate({left:g} {TOP:g})">{drawn}</g>')
        parts += _reading(left + WIDTH / 2, recognizer.name, answer, text)
    belief = comparison.belief
    conditions = text(
        "picture.conditions", prior=f"{100 * belief.prior:g}", limit=f"{100 * belief.limit:g}"
    )
    parts.append(_words(width / 2, height - 42, conditions, size=11))
    notice = text("picture.notice")
    parts.append(_words(width / 2, height - 22, notice, size=11))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" font-family="{escape(FONT)}">{"".join(parts)}</svg>'
    )


def _reading(x: float, name: str, answer: Answer, text: Text) -> list[str]:
    y = TOP + HEIGHT + LINE
    similarity = text("figure.similarity", value=signed(answer.similarity, 2))
    probability = text("verdict.probability", value=f"{answer.probability:.2f}")
    return [
        _words(x, y, text.loss(name), size=16, weight=650),
        _words(x, y + 1.6 * LINE, degrees(answer.angle), size=30, weight=650),
        _words(x, y + 2.6 * LINE, similarity, size=13),
        _words(x, y + 3.6 * LINE, text(f"verdict.{answer.verdict}"), size=16, weight=650),
        _words(x, y + 4.5 * LINE, probability, size=13),
    ]


def _face(x: float, crop: RGB, label: str) -> str:
    place = f'x="{x:g}" y="{TOP:g}" width="{FACE:g}" height="{FACE:g}"'
    image = f'<image {place} href="{data_url(crop)}"/>'
    return image + _words(x + FACE / 2, TOP + FACE + 22, label, size=14, weight=600)


def _words(
    x: float,
    y: float,
    words: str,
    size: float,
    weight: int = 400,
    anchor: str = "middle",
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size:g}" '
        f'font-weight="{weight}" fill="{BLACK}">{escape(words)}</text>'
    )
