"""What the comparing tab shows as HTML: photos with their faces, dials, tables of neighbours."""

import base64
import json
from html import escape
from typing import Any

import cv2

from demo import assets
from demo.figures.dial import degrees, dial, signed
from demo.figures.people import image_name
from demo.language import Text, text
from demo.placed import around
from demo.service import CompareService, Comparison, Photo, data_url
from demo.session import Session, framed
from demo.told import dial_alt, shares
from model.images import RGB
from model.recognizer import Recognizer

QUALITY = 85  # of the preview, a JPEG in the page itself


def panel(side: str, here: Session, words: Text) -> str:
    """One side's photo, its aligned face, its remarks; the problem where one was refused."""
    mark = "○" if side == "left" else "□"
    named = f"<h4>{mark} {escape(words(f'compare.{side}'))}</h4>"
    parts = [named] if side in here.photos else []  # before, the field itself is named
    if side in here.problems:
        said = escape(words.error(here.problems[side]))
        parts.append(f'<p class="problem" role="alert">{said}</p>')
    photo = here.photos.get(side)
    if photo is not None:
        parts += _photo(photo, words(f"side.{side}"), words)
    return "".join(parts)


def _photo(photo: Photo, name: str, words: Text) -> list[str]:
    alt, crop_alt = (escape(words(f"compare.{k}_alt", photo=name)) for k in ("photo", "crop"))
    remarks = [escape(words.remark(remark).replace("**", "")) for remark in photo.remarks]
    return [
        f'<img class="photo" src="{_jpeg(framed(photo))}" alt="{alt}">',
        f'<div class="crop"><img src="{data_url(photo.crop)}" alt="{crop_alt}">'
        f"<span>{escape(words('compare.crop'))}</span></div>",
        *(f'<p class="remark">{remark}</p>' for remark in remarks),
    ]


def dials(service: CompareService, comparison: Comparison | None, words: Text) -> str:
    """Each recogniser's dial beside the others, with the pair in it where there is one."""
    shown = (_dial(recognizer, comparison, words) for recognizer in service.recognizers)
    return f'<div class="dials">{"".join(shown)}</div>'


def _dial(recognizer: Recognizer, comparison: Comparison | None, words: Text) -> str:
    name = recognizer.name
    answer = comparison.answers[name] if comparison else None
    drawn = dial(name, recognizer.calibration, answer.angle if answer else None, words)
    source = "data:image/svg+xml;base64," + base64.b64encode(drawn.encode()).decode()
    tip = escape(words.sentences.get(f"tip.{name}", ""))
    parts = [
        f'<img src="{source}" alt="{escape(dial_alt(recognizer, answer, words))}">',
        f'<h3 title="{tip}">{escape(words.loss(name))}</h3>',
    ]
    if answer is not None:
        similarity = words("figure.similarity", value=signed(answer.similarity, 2))
        probability = words("verdict.probability", value=f"{answer.probability:.2f}")
        parts += [
            f"<strong>{degrees(answer.angle)}</strong>",
            f"<span>{escape(similarity)}</span>",
            f"<em>{escape(words(f'verdict.{answer.verdict}'))}</em>",
            f'<span title="{escape(words("tip.probability"))}">{escape(probability)}</span>',
            *(
                f'<small title="{escape(words(f"tip.{kind}"))}">{_strong(sentence)}</small>'
                for kind, sentence in shares(recognizer, answer, words).items()
            ),
        ]
    return f'<div class="reading">{"".join(parts)}</div>'


def answer_link(comparison: Comparison | None, words: Text) -> str:
    """A link that saves the answer as JSON; the answer is in the link."""
    if comparison is None:
        return ""
    told = base64.b64encode(json.dumps(comparison.to_json(), indent=1).encode()).decode()
    source = f"data:application/json;base64,{told}"
    label = escape(words("details.save"))
    return f'<a class="save" download="marginscope.json" href="{source}">{label}</a>'


def _strong(sentence: str) -> str:
    """**bold** of our own texts as HTML."""
    pieces = escape(sentence).split("**")
    return "".join(f"<b>{p}</b>" if i % 2 else p for i, p in enumerate(pieces))


def _jpeg(image: RGB) -> str:
    """An RGB array (H, W, 3) as a JPEG that stands in the page itself."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode()


def around_face(language: str, left: str, right: str, index: int) -> str:
    """Whose face this is, and its nearest faces, as HTML; nothing for -1, a click beside them all.

    index counts the gallery's photos. GalleryInvalid where there is a face and no gallery.
    """
    if index < 0:
        return ""
    words, drawn = text(language), assets.spheres(assets.gallery_folder())
    if index >= len(drawn.gallery.image):
        return ""
    seen = words("spheres.seen" if drawn.gallery.seen[index] else "spheres.unseen")
    name = escape(f"{image_name(drawn.gallery, index)} ({seen})")
    return f"<b>{name}</b>" + table(around(drawn, index, (left, right), words))


def table(rows: list[dict[str, Any]]) -> str:
    """Rows with the same columns as HTML."""
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row.values()) + "</tr>"
        for row in rows
    )
    return f'<div class="numbers"><table><tr>{head}</tr>{body}</table></div>'
