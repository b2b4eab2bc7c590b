"""Sentences in which each term that the lesson explains carries its tooltip."""

import re
from html import escape
from typing import Any
from zlib import crc32

import streamlit as st

from demo.language import Text


def tell(words: Text, key: str, large: bool = True, **fields: Any) -> None:
    """Write a sentence of ours with its terms explained."""
    kind = " large" if large else ""
    st.html(f'<div class="told{kind}">{explained(words, words(key, **fields))}</div>')


def note(words: Text, sentence: str) -> None:
    """The same for a finished sentence, small, below a figure."""
    st.html(f'<div class="told note">{explained(words, sentence)}</div>')


def term(words: Text, name: str, label: str, place: str = "table") -> str:
    """HTML of a term that tells what it means under the pointer, by touch and to the keyboard.

    `place` makes its id the only one on the page.
    """
    tip, number = escape(words(f"tip.{name}")), escape(f"tip-{name}-{place}")
    return (
        f'<span class="term" tabindex="0" aria-describedby="{number}">{escape(label)}'
        f'<span class="tip" role="tooltip" id="{number}">{tip}</span></span>'
    )


def explained(words: Text, sentence: str) -> str:
    """HTML of a sentence: **bold** and *emphasis* stand out, empty lines part paragraphs.

    A term gets its tip where it first stands. Its forms are in the texts' [glossary], divided by
    bars; its tip is in [tip].
    """
    keys = [key.partition(".") for key in words.sentences]
    names = [name for section, _, name in keys if section == "glossary"]
    known = {form: name for name in names for form in words(f"glossary.{name}").split("|")}
    known |= {form[0].upper() + form[1:]: name for form, name in known.items()}  # FAR is not far
    edge = r"\b" if words.language == "en" else ""
    longest = sorted(known, key=len, reverse=True)
    pattern = re.compile(edge + "(" + "|".join(map(re.escape, longest)) + ")" + edge)
    done: set[str] = set()
    place = f"{crc32(sentence.encode()):08x}"  # the same at each rerun

    def tipped(found: re.Match[str]) -> str:
        name = known[found[0]]
        if name in done:
            return found[0]
        done.add(name)
        return term(words, name, found[0], place)

    html = pattern.sub(tipped, escape(sentence, quote=False))
    html = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html)
    html = re.sub(r"\*(.+?)\*", r"<em>\1</em>", html)
    return "".join(f"<p>{part}</p>" for part in html.split("\n\n"))
