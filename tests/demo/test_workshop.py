"""Everybody's turn: fairness, pace, and what happens when a page goes away."""

import threading
import time
import weakref
from functools import partial

from demo import workshop as module
from demo.workshop import Job, Workshop


def until(true, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.005)
    return bool(true())


class Counter:
    """Work that counts its pieces and remembers which threads did them."""

    def __init__(self, last: int = 10**9, takes: float = 0.0005) -> None:
        self.count, self.last, self.takes = 0, last, takes
        self.threads: set[str] = set()

    def __call__(self) -> bool:
        time.sleep(self.takes)
        self.threads.add(threading.current_thread().name)
        self.count += 1
        return self.count < self.last


def test_a_job_is_done_off_the_callers_thread_and_ends():
    work = Counter(last=20)
    job = Job(work)
    Workshop().add(job)
    assert until(lambda: job.over)
    assert work.count == 20
    assert work.threads == {"workshop"}
    assert not job.working


def test_twenty_jobs_all_get_on_alike(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 60.0)
    workshop, works = Workshop(), [Counter() for _ in range(20)]
    jobs = [Job(work) for work in works]
    for job in jobs:
        workshop.add(job)
    assert until(lambda: min(work.count for work in works) > 50, 30)
    for job in jobs:
        job.pause()
    counts = [work.count for work in works]
    assert max(counts) < 3 * min(counts)


def test_the_pace_is_kept():
    work, began = Counter(takes=0.0), time.monotonic()
    job = Job(work, pace=50)
    Workshop().add(job)
    assert until(lambda: work.count >= 40)
    job.pause()
    assert work.count <= 50 * (time.monotonic() - began) + 1


def test_a_page_that_has_gone_stops_its_training(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 60.0)
    here, gone = Counter(), Counter()
    workshop, kept, left = Workshop(), Job(here), Job(gone)
    workshop.add(kept)
    workshop.add(left)
    assert until(lambda: min(here.count, gone.count) > 0)
    left._heard -= 2 * module.PATIENCE  # its page has said nothing for so long
    assert until(lambda: not left.working)
    assert kept.working
    stood, went_on = gone.count, here.count
    assert until(lambda: here.count > went_on + 5)
    assert gone.count == stood
    workshop.add(left)  # the page is back
    assert until(lambda: gone.count > stood)
    kept.pause()
    left.pause()


def test_nothing_is_done_while_it_is_paused_or_locked():
    work = Counter()
    workshop, job = Workshop(), Job(work)
    workshop.add(job)
    assert until(lambda: work.count > 5)
    job.pause()
    stood = work.count
    time.sleep(0.2)
    assert work.count == stood
    workshop.add(job)
    assert until(lambda: work.count > stood)
    with job.lock:
        held = work.count
        time.sleep(0.1)
        assert work.count == held
    job.pause()


def test_a_thread_that_waits_keeps_no_job_and_nothing_that_it_learned():
    class Embeddings:
        """As a visitor's."""

    def take(kept: Embeddings) -> bool:
        return next(pieces)

    pieces, mine, workshop = iter([True, True, False]), Embeddings(), Workshop()
    workshop.add(Job(partial(take, mine)))
    assert until(lambda: workshop.busy == 0)
    gone = weakref.ref(mine)
    del mine
    assert until(lambda: gone() is None)


def test_an_error_ends_one_job_and_no_other(caplog):
    def breaks() -> bool:
        raise ZeroDivisionError

    work, workshop = Counter(), Workshop()
    jobs = [Job(breaks), Job(work)]
    for job in jobs:
        workshop.add(job)
    assert until(lambda: jobs[0].over and work.count > 10)
    jobs[1].pause()
    assert jobs[0].broken
    assert not jobs[1].broken
    assert "ZeroDivisionError" in caplog.text
