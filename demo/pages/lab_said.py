"""What the lab's page says of a training: what its sides are called, what goes wrong in it."""

import math
from dataclasses import fields

import streamlit as st

from demo.figures.dial import degrees
from demo.figures.lab import formula
from demo.language import Text
from model.diagnosis import Finding
from model.lab import Setting


def titles(left: Setting, right: Setting, words: Text) -> tuple[str, str]:
    """What the two sides are called."""
    key = "control" if left == right.control else "cure"
    differs = [
        f"{words(f'lab.{field.name}_short')} = {getattr(left, field.name):g}"
        for field in fields(Setting)
        if getattr(left, field.name) != getattr(right, field.name)
    ]
    told = ", ".join(differs) if key == "cure" and differs else formula(left)
    return words(f"lab.{key}", told=told), words("lab.yours", told=formula(right))


def _number(value: float) -> str:
    """A count as it is, else three digits."""
    return str(value) if isinstance(value, int) else f"{value:.3g}"


def say(finding: Finding, words: Text) -> None:
    """A finding as a sentence."""
    told = {name: degrees(math.degrees(value)) for name, value in finding.angles.items()}
    told |= {name: f"{100 * value:.0f}" for name, value in finding.shares.items()}
    told |= {name: _number(value) for name, value in finding.numbers.items()}
    if finding.setting is not None:
        told["setting"] = words(f"lab.{finding.setting}_short")
    sentence = words(f"lab.finding_{finding.code}", **told)
    if finding.code == "works":
        st.success(sentence)
    else:
        st.warning(sentence)
