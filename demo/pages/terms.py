"""Sentences in which each term that the lesson explains carries its tooltip."""

import re
from html import escape
from itertools import count
from typing import Any

import streamlit as st

from demo.language import Text
from demo.pages.details import term

places = count()


def tell(words: Text, key: str, **fields: Any) -> None:
    """Write a sentence of ours with its terms explained."""
    st.html(f'<div class="told">{explained(words, words(key, **fields))}</div>')


def explained(words: Text, sentence: str) -> str:
    """HTML of a sentence: **bold** stands out, paragraphs part at empty lines, terms have tips.

    A term gets its tip where it first stands. Its forms are in the texts' [glossary], divided by
    bars; its tip is in [tip].
    """
    forms = {
        form: key.removeprefix("glossary.")
        for key, told in words.sentences.items()
        if key.startswith("glossary.")
        for form in told.split("|")
    }
    edge = r"\b" if words.language == "en" else ""
    longest = sorted(forms, key=len, reverse=True)
    pattern = re.compile(edge + "(" + "|".join(map(re.escape, longest)) + ")" + edge, re.IGNORECASE)
    known = {form.lower(): name for form, name in forms.items()}
    done: set[str] = set()

    def tipped(found: re.Match[str]) -> str:
        name = known[found[0].lower()]
        if name in done:
            return found[0]
        done.add(name)
        return term(words, name, found[0], f"told-{next(places)}")

    html = pattern.sub(tipped, escape(sentence, quote=False))
    html = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html)
    return "".join(f"<p>{part}</p>" for part in html.split("\n\n"))
