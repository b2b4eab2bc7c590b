"""Whose turn it is to compute: a few at once, first come first served; one queue for a process.

Those who wait do so in their own thread, where a page can tell them how many are before them.
"""

import threading
import time
from bisect import insort
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from demo.once import Once
from model.errors import MarginScopeError

PAUSE = 0.5  # seconds after which somebody who waits is told again how many are before
MOST = 64  # who may wait; on two cores the last of them for about a minute (benchmarks/load.py)


class TurnsFull(MarginScopeError):
    """So many wait that one more would wait too long."""

    sentence = "{waiting} visitors are waiting already, as many as can. Try again in a minute."


class Turns:
    """Who computes now and who waits, at most `at_once` and `most` of them."""

    def __init__(self, at_once: int, most: int = MOST) -> None:
        self.at_once, self.most = at_once, most
        self._working = 0
        self._line: list[tuple[float, int]] = []  # who waits, by arrival
        self._numbers = count()
        self._moved = threading.Condition()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    @contextmanager
    def turn(
        self, tell: Callable[[int], object] = lambda before: None, since: float | None = None
    ) -> Iterator[None]:
        """Compute within it: `with turns.turn(): ...`; not within another turn of the same thread.

        While there is no room, `tell` is called every PAUSE seconds with the number of those who
        wait before this one. What it raises, as where a visitor has left, gives the place back.
        `since`: when this one came, in seconds of time.monotonic(), if that was before now.
        Raises TurnsFull where `most` are waiting already.
        """
        self._wait((time.monotonic() if since is None else since, next(self._numbers)), tell)
        try:
            yield
        finally:
            with self._moved:
                self._working -= 1
                self._moved.notify_all()

    def _wait(self, place: tuple[float, int], tell: Callable[[int], object]) -> None:
        """Return at work, or raise and stand in the line no more."""
        with self._moved:
            if len(self._line) >= self.most:
                raise TurnsFull(waiting=len(self._line))
            insort(self._line, place)
        try:
            while (before := self._start_or_count(place)) is not None:
                tell(before)
        except BaseException:
            with self._moved:
                self._line.remove(place)
                self._moved.notify_all()
            raise

    def _start_or_count(self, place: tuple[float, int]) -> int | None:
        """Leave the line for work within PAUSE, or else how many stand before."""
        with self._moved:
            if self._moved.wait_for(lambda: self._is_next(place), PAUSE):
                self._line.remove(place)
                self._working += 1
                self._moved.notify_all()  # there may be room for the next one too
                return None
            return self._line.index(place)

    def _is_next(self, place: tuple[float, int]) -> bool:
        return self._working < self.at_once and self._line[0] == place


@Once
def turns() -> Turns:
    """The queue of this process: as many at once as there are cores, or a container's share."""
    from joblib import cpu_count  # knows the limits of containers

    return Turns(at_once=max(1, cpu_count()))
