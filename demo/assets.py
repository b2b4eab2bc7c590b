"""Finds and loads what ships: checkpoints and the two portraits."""

from functools import cache
from pathlib import Path

from model.recognizer import Recognizer

ASSETS = Path(__file__).resolve().parent.parent / "assets"
PORTRAITS = (ASSETS / "portraits" / "astronaut.png", ASSETS / "portraits" / "grace_hopper.jpg")


@cache
def recognizer(name: str) -> Recognizer:
    """A shipped recogniser by its loss, loaded once a process; CheckpointInvalid says the cure."""
    return Recognizer.load(ASSETS / f"{name}.safetensors")
