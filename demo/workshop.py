"""Everybody's trainings in one thread: a few steps of each in turn, at a pace that the eye follows.

One thread is enough: the networks are small, and a second one would take the core that the pages
need. A job whose page says nothing for PATIENCE seconds is laid aside.
"""

import logging
import threading
import time
from collections.abc import Callable

from demo.once import Once

PATIENCE = 8.0  # seconds without a word from the page
SLICE = 0.02  # seconds that a job works before it is the next one's turn
IDLE = 0.01  # seconds to sleep where nobody is due
BEHIND = 0.25  # seconds of delay that a job may catch up with

log = logging.getLogger(__name__)


class Job:
    """Work in small pieces: `take` does one and says whether there are more.

    `pace` is at most how many a second. While `lock` is held no piece is done. `broken`: an error
    ended the work that `take` did not foresee; it is in the log.
    """

    def __init__(self, take: Callable[[], bool], pace: float = float("inf")) -> None:
        self.take, self.pace = take, pace
        self.lock = threading.Lock()
        self.working = False
        self.over = False
        self.broken = False
        self._heard = self._due = time.monotonic()

    def hear(self) -> None:
        """The page is still there."""
        self._heard = time.monotonic()

    def pause(self) -> None:
        """No piece after the present one, until it is added again."""
        with self.lock:
            self.working = False

    def forgotten(self, now: float) -> bool:
        """Whether nobody has asked for so long that the page must be gone."""
        return now - self._heard > PATIENCE

    def due(self, now: float) -> bool:
        """Whether the pace allows a piece."""
        return self._due <= now

    def work(self) -> None:
        """Pieces for one slice of time."""
        until = time.monotonic() + SLICE
        while (now := time.monotonic()) < until and self.due(now):
            with self.lock:
                if not self.working:
                    return
                self._due = max(self._due, now - BEHIND) + 1.0 / self.pace
                self.step()

    def step(self) -> None:
        """One piece, whoever asks; the lock is the caller's."""
        try:
            more = self.take()
        except Exception:
            log.exception("a job broke")
            self.broken, more = True, False
        if not more:
            self.over, self.working = True, False


class Workshop:
    """The thread and whose turn it is."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, job: Job) -> None:
        """Let a job work, from now or again; nothing for one that is over."""
        job.hear()
        with self._wake:
            job.working = not job.over
            if job.working and job not in self._jobs:
                self._jobs.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="workshop", daemon=True)
                self._thread.start()
            self._wake.notify()

    @property
    def busy(self) -> int:
        """How many jobs share the thread."""
        return len(self._jobs)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._jobs:
                    self._wake.wait()
            if not self._round():
                time.sleep(IDLE)

    def _round(self) -> bool:
        """A slice for each job that is due; whether there was one.

        A thread that waits holds no job, and so nobody's embeddings.
        """
        with self._wake:
            self._jobs = [job for job in self._jobs if job.working]
            jobs = list(self._jobs)
        now = time.monotonic()
        for job in jobs:
            if job.forgotten(now):
                job.pause()
        due = [job for job in jobs if job.due(now)]
        for job in due:
            job.work()
        return bool(due)


@Once
def workshop() -> Workshop:
    """The one of this process."""
    return Workshop()
