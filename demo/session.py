"""The two photos of a visitor: how they are read, swapped, cleared, undone; the ready pairs."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from demo.assets import PORTRAITS, AssetUnreadable, shipped_photo
from demo.once import Once
from demo.service import CompareService, Photo
from model.data import DataNotFound, lfw_home, read_pairs
from model.errors import MarginScopeError
from model.images import RGB

SIDES = ("left", "right")
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


@dataclass
class Session:
    """What one visitor has on the page; it lives in that session's state and nowhere else.

    photos, problems: by side. before: the photos that undo() brings back. inputs: counts up by side
    to give its upload widget a fresh start, so that a file is not kept twice. pair: which ready
    pair comes next. given: files that are still to be read, by side. since: when the first of them
    came, in seconds of time.monotonic().
    """

    photos: dict[str, Photo] = field(default_factory=dict)
    problems: dict[str, MarginScopeError] = field(default_factory=dict)
    before: dict[str, Photo] = field(default_factory=dict)
    inputs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SIDES, 0))
    pair: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    given: dict[str, bytes] = field(default_factory=dict, repr=False)
    since: float = 0.0

    def give(self, side: str, data: bytes) -> None:
        """Take a photo's file for a side; read_given() reads it when its turn has come."""
        if not self.given:
            self.since = time.monotonic()
        self.inputs[side] += 1
        self.problems.pop(side, None)
        self.given[side] = data

    def read_given(self, service: CompareService) -> None:
        """Read what was given; an unreadable photo leaves what was there and says why."""
        for side in list(self.given):
            data = self.given.pop(side, None)
            if data is None:  # another click of the same visitor has taken it
                continue
            try:
                self.photos[side] = service.read(data, side)
            except MarginScopeError as error:
                self.problems[side] = error.bare()

    def put(self, service: CompareService, side: str, data: bytes) -> None:
        """Give a photo and read it at once."""
        self.give(side, data)
        self.read_given(service)

    def swap(self) -> None:
        """The first becomes the second."""
        other = dict(zip(SIDES, SIDES[::-1], strict=True))
        self.photos = {other[side]: photo for side, photo in self.photos.items()}
        self.given = {other[side]: data for side, data in self.given.items()}
        self.inputs = {side: count + 1 for side, count in self.inputs.items()}
        self.problems = {}

    def keep_for_undo(self) -> None:
        """Remember the photos there are; a second Clear in a row forgets nothing."""
        if self.photos:
            self.before = dict(self.photos)

    def clear(self, *sides: str) -> None:
        """Take photos away; undo() brings them back."""
        self.keep_for_undo()
        for side in sides or SIDES:
            self.photos.pop(side, None)
            self.given.pop(side, None)
            self.inputs[side] += 1
        self.problems = {}

    def undo(self) -> None:
        """The photos before the last clear() or ready pair; undone itself by another undo()."""
        self.photos, self.before, self.given = self.before, self.photos, {}
        self.inputs = {side: count + 1 for side, count in self.inputs.items()}
        self.problems = {}

    def take_ready_pair(self, service: CompareService, same: bool) -> None:
        """Fill both sides with the next ready pair; undo() brings back what stood there."""
        self.give_ready_pair(same)
        self.read_given(service)

    def give_ready_pair(self, same: bool) -> None:
        """Give both sides the next ready pair."""
        ready = ready_pairs()
        self.keep_for_undo()
        files = PORTRAITS
        if ready is not None:
            files = ready.same[same][self.pair[same] % len(ready.same[same])]
            self.pair[same] += 1
        for side, file in zip(SIDES, files, strict=True):
            try:
                self.give(side, shipped_photo(file))
            except AssetUnreadable as error:
                self.problems[side] = error.bare()


@dataclass(frozen=True)
class ReadyPairs:
    """Pairs to try: LFW's View 1 test pairs where this machine has LFW, else nothing but portraits.

    same[True] are genuine pairs, same[False] impostor pairs, each a pair of files.
    """

    same: dict[bool, tuple[tuple[Path, Path], ...]]


@Once
def ready_pairs() -> ReadyPairs | None:
    """The ready pairs from LFW in a fixed shuffled order, or None where LFW is not here."""
    try:
        home = lfw_home()
        pairs = read_pairs(home / "pairsDevTest.txt")
    except (DataNotFound, OSError):
        return None
    order = np.random.default_rng(0).permutation(len(pairs))
    found: dict[bool, list[tuple[Path, Path]]] = {True: [], False: []}
    for i in order:
        (a, k), (b, n) = pairs[i]
        files = home / "lfw" / a / f"{a}_{k:04d}.jpg", home / "lfw" / b / f"{b}_{n:04d}.jpg"
        if all(file.is_file() for file in files):
            found[a == b].append(files)
    if not found[True] or not found[False]:
        return None
    return ReadyPairs({same: tuple(files) for same, files in found.items()})


def framed(photo: Photo) -> RGB:
    """The preview (H, W, 3) with a frame around each face, a thick one around the one used."""
    canvas = np.ascontiguousarray(photo.preview).copy()
    ratio = canvas.shape[1] / photo.width
    stroke = max(1, round(max(canvas.shape) / 220))
    for i, face in enumerate(photo.faces):
        left, top, width, height = (round(v * ratio) for v in face.box)
        corners = (left, top), (left + width, top + height)
        line = stroke * (3 if i == photo.used else 1)
        cv2.rectangle(canvas, *corners, BLACK, line + 2, cv2.LINE_AA)
        cv2.rectangle(canvas, *corners, WHITE, line, cv2.LINE_AA)
        if len(photo.faces) > 1:
            size = max(0.5, stroke / 2.5)
            place = (left + 2 * stroke, top + round(24 * size))
            cv2.putText(canvas, str(i + 1), place, 0, size, BLACK, stroke * 3, cv2.LINE_AA)
            cv2.putText(canvas, str(i + 1), place, 0, size, WHITE, stroke, cv2.LINE_AA)
    return np.asarray(canvas, dtype=np.uint8)
