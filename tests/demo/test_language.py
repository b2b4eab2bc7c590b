import ast
import string
from copy import copy
from pathlib import Path

import pytest

from compare import FacesOfAList, PhotosNotNamed, ShareInvalid
from demo.assets import AssetUnreadable
from demo.language import LANGUAGES, guess, text
from demo.pairs import PairsUnreadable, PhotoMissing
from demo.service import FaceNumberInvalid
from demo.turns import TurnsFull
from model.checkpoint import CheckpointInvalid
from model.faces import FaceNotFound, FacesTooMany
from model.gallery import GalleryInvalid
from model.images import (
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoTooManyScans,
    PhotoTooSmall,
    PhotoUnreadable,
)
from model.labelled import EmbeddingsTooLarge, EmbeddingsUnreadable, TooFewLabelled
from model.reference import CalibrationMissing, OnnxInvalid, ReferenceMissing

DEMO = Path(__file__).resolve().parents[2] / "demo"
SHOWN = (
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoUnreadable,
    FaceNotFound,
    FaceNumberInvalid,
    CheckpointInvalid,
    PhotoMissing,
    PairsUnreadable,
    FacesOfAList,
    PhotosNotNamed,
    PhotoTooManyScans,
    FacesTooMany,
    ShareInvalid,
    ReferenceMissing,
    CalibrationMissing,
    OnnxInvalid,
    GalleryInvalid,
    EmbeddingsTooLarge,
    EmbeddingsUnreadable,
    TooFewLabelled,
    TurnsFull,
    AssetUnreadable,
)


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_sentences_with_the_same_fields():
    english = text("en").sentences
    for language in set(LANGUAGES) - {"en"}:
        other = {k: v for k, v in text(language).sentences.items() if not k.startswith("errors.")}
        assert set(other) == set(english)
        for key, sentence in english.items():
            assert fields(other[key]) == fields(sentence), key
            assert other[key].strip()


def test_every_error_that_a_person_meets_is_spoken_in_korean():
    korean = text("ko").sentences
    told = {key.removeprefix("errors.") for key in korean if key.startswith("errors.")}
    spoken = {kind.__name__: kind.sentence for kind in SHOWN}
    for kind in SHOWN:
        spoken |= {f"{kind.__name__}_{name}": said for name, said in kind.problems.items()}
    assert told == set(spoken)
    for name, english in spoken.items():
        assert fields(korean[f"errors.{name}"]) == fields(english), name


def test_a_problem_is_spoken_in_the_same_language_as_its_error():
    error = GalleryInvalid(path="gallery.npz", problem="outdated", detail="arcface.safetensors")
    assert "it was made with another arcface.safetensors. Make it again" in str(error)
    assert text("en").error(error) == str(error)
    korean = text("ko").error(error)
    assert "지금 있는 것과 다른 arcface.safetensors 파일로 만들었습니다." in korean
    assert "made with" not in korean
    assert str(copy(error)) == str(error)  # as from one process to another


def test_an_error_is_spoken_in_the_persons_language():
    error = FaceNotFound(photo="left", width=640, height=480)
    assert str(error).startswith("No face was found in the left photo (640 x 480 pixels).")
    assert text("en").error(error) == str(error).replace("the left", "the first")
    assert "첫 번째 사진(640 x 480 화소)" in text("ko").error(error)


def test_every_sentence_is_used_and_every_sentence_used_is_there():
    """Literal keys in the code against the file; keys made from a side or a loss by their start."""
    keys, starts = set(), set()
    for path in DEMO.parent.glob("*.py"), DEMO.rglob("*.py"):
        for file in path:
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    keys.add(node.value)
                if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                    starts.add(node.values[0].value)
    starts = {start for start in starts if "." in start and " " not in start}
    sentences = text("en").sentences
    for key in sentences:
        assert key in keys or any(key.startswith(start) for start in starts), f"{key} is unused"
    sections = {key.split(".")[0] for key in sentences}
    for key in keys - starts:
        section, _, rest = key.partition(".")
        if section in sections and rest.isidentifier() and rest not in ("py", "css", "npz", "json"):
            assert key in sentences, f"{key} is missing"


@pytest.mark.parametrize(
    ("locale", "language"),
    [("ko-KR", "ko"), ("ko", "ko"), ("en-US", "en"), ("de-DE", "en"), (None, "en"), ("", "en")],
)
def test_the_first_guess_comes_from_the_browser(locale, language):
    assert guess(locale) == language
