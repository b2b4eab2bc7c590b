"""Every sentence of ours, in English and in Korean: demo/text/<language>.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from model.errors import MarginScopeError
from model.quality import Remark

LANGUAGES = {"en": "English", "ko": "한국어"}
_FOLDER = Path(__file__).resolve().parent / "text"


@dataclass(frozen=True)
class Text:
    """The sentences of one language; text("compare.clear") looks one up and fills its fields."""

    language: str
    sentences: dict[str, str]

    def __call__(self, key: str, **fields: Any) -> str:
        """The sentence of a dotted key; KeyError for an unknown one."""
        sentence = self.sentences[key]
        return sentence.format(**fields) if fields else sentence

    def loss(self, recognizer: str) -> str:
        """The name of a recogniser; an ONNX file's own where it is none that we know."""
        return self.sentences.get(f"loss.{recognizer}", recognizer)

    def remark(self, remark: Remark) -> str:
        """What a Remark says, with its measure; shares in per cent, the rest as it is."""
        share = remark.kind == "cut_off"
        digits = 1 if remark.kind in ("blurred", "tiny") else 0
        measure, limit = (100 * v if share else v for v in (remark.measure, remark.limit))
        return self(
            f"remark.{remark.kind}", measure=f"{measure:.{digits}f}", limit=f"{limit:.{digits}f}"
        )

    def error(self, error: MarginScopeError) -> str:
        """An error of ours in this language; English is the error's own sentence."""
        sentence = self.sentences.get(f"errors.{error.code}", error.sentence)
        problems = {
            problem: self.sentences.get(f"errors.{error.code}_{problem}", said)
            for problem, said in error.problems.items()
        }
        photo = error.fields.get("photo")
        side = {} if photo is None else {"photo": self.sentences.get(f"side.{photo}", photo)}
        return error.told(sentence, problems, **side)


def guess(locale: str | None) -> str:
    """The language for a browser's locale such as "ko-KR"; English where we do not speak it."""
    short = (locale or "").split("-")[0].lower()
    return short if short in LANGUAGES else "en"


@cache
def text(language: str) -> Text:
    """The sentences of a language of LANGUAGES, read once."""
    nested = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    flat = {
        f"{section}.{key}": sentence
        for section, entries in nested.items()
        for key, sentence in entries.items()
    }
    return Text(language, flat)
