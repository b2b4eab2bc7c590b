"""The queue, driven by real threads."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from demo import turns as module
from demo.once import Once
from demo.turns import Turns, TurnsFull

PATIENCE = 10.0  # seconds


@pytest.fixture(autouse=True)
def short_pause(monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0.02)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)


class Crowd:
    """Threads that take turns; the first ones work until `release` is set."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.release = turns, threading.Event()
        self.began: list[object] = []
        self.pool = ThreadPoolExecutor(64)

    def come(self, who: object, tell=lambda before: None, since=None) -> "Future[None]":
        def work() -> None:
            with self.turns.turn(tell, since):
                self.began.append(who)
                assert self.release.wait(PATIENCE)

        waiting, began = self.turns.waiting, len(self.began)
        future = self.pool.submit(work)
        until(
            lambda: (
                len(self.began) > began
                or future.done()
                or (began > 0 and self.turns.waiting > waiting)
            )
        )
        return future

    def finish(self, *futures: "Future[None]") -> None:
        self.release.set()
        for future in futures:
            future.result(PATIENCE)
        self.pool.shutdown()


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_never_more_at_once_and_nobody_is_left_out(at_once):
    turns, lock = Turns(at_once), threading.Lock()
    full = threading.Barrier(at_once)  # 40 divides by each
    now, most, done = 0, 0, []

    def work(number: int) -> None:
        nonlocal now, most
        with turns.turn():
            with lock:
                now += 1
                most = max(most, now)
            full.wait(PATIENCE)
            time.sleep(0.002)
            with lock:
                now -= 1
                done.append(number)

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(work, range(40)))
    assert most == at_once
    assert sorted(done) == list(range(40))
    assert turns.waiting == 0


def test_first_come_first_served():
    crowd = Crowd(Turns(1))
    futures = [crowd.come(number) for number in range(20)]
    assert crowd.began == [0]
    assert crowd.turns.waiting == 19
    crowd.finish(*futures)
    assert crowd.began == list(range(20))


def test_who_comes_back_keeps_the_place():
    crowd = Crowd(Turns(1))
    futures = [crowd.come("works")]
    arrived = time.monotonic()
    futures += [crowd.come("later"), crowd.come("came back", since=arrived)]
    crowd.finish(*futures)
    assert crowd.began == ["works", "came back", "later"]


def test_who_waits_is_told_how_many_are_before_and_the_count_falls():
    crowd, told = Crowd(Turns(1)), {name: [] for name in "abc"}
    futures = [crowd.come("works")]
    futures += [crowd.come(name, told[name].append) for name in "abc"]
    until(lambda: all(len(told[name]) > 2 for name in "abc"))
    assert [set(told[name]) for name in "abc"] == [{0}, {1}, {2}]
    crowd.finish(*futures)
    for before in told.values():
        assert before == sorted(before, reverse=True)


def test_who_need_not_wait_is_told_nothing():
    told: list[int] = []
    with Turns(2).turn(told.append), Turns(2).turn(told.append):
        time.sleep(0.1)
    assert told == []


def test_who_leaves_while_waiting_gives_the_place_back():
    class Left(BaseException):
        """As Streamlit's StopException, which is no Exception of ours."""

    def leave(before: int) -> None:
        raise Left

    crowd = Crowd(Turns(1))
    first = crowd.come("works")
    left = crowd.come("leaves", leave)
    with pytest.raises(Left):
        left.result(PATIENCE)
    assert crowd.turns.waiting == 0
    second = crowd.come("stays")
    crowd.finish(first, second)
    assert crowd.began == ["works", "stays"]


def test_an_error_in_the_work_gives_the_turn_back():
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError), turns.turn():
        1 / 0  # noqa: B018
    with turns.turn():
        pass


def test_a_full_queue_says_so_and_takes_people_again_later():
    crowd = Crowd(Turns(1, most=2))
    futures = [crowd.come(number) for number in range(3)]
    with pytest.raises(TurnsFull, match=r"2 visitors are waiting.*Try again in a minute"):
        crowd.come("too many").result(PATIENCE)
    crowd.finish(*futures)
    assert crowd.began == [0, 1, 2]
    with crowd.turns.turn():
        pass


def test_what_is_made_once_is_made_once_though_many_ask_at_the_same_time():
    made, together = [], threading.Barrier(8)

    @Once
    def make(name: str) -> object:
        time.sleep(0.05)
        made.append(name)
        return object()

    def ask(_: int) -> object:
        together.wait(PATIENCE)
        return make("network")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    assert made == ["network"]
    assert len(set(found)) == 1
    make.cache_clear()
    assert make("network") is not found[0]


def test_what_could_not_be_made_is_tried_again():
    tries = []

    @Once
    def make() -> int:
        tries.append(None)
        if len(tries) == 1:
            raise ValueError
        return 7

    with pytest.raises(ValueError, match=r"^$"):
        make()
    assert make() == 7


def test_the_networks_are_loaded_once_though_many_visitors_come_at_once(monkeypatch):
    from demo import assets

    loads, load, together = [], assets.Recognizer.load, threading.Barrier(6)

    def slow(path):
        loads.append(path.name)
        time.sleep(0.05)
        return load(path)

    def ask(_: int) -> object:
        together.wait(PATIENCE)
        return assets.recognizer("arcface")

    monkeypatch.setattr(assets.Recognizer, "load", staticmethod(slow))
    assets.recognizer.cache_clear()
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(ask, range(6)))
    assert loads == ["arcface.safetensors"]
    assert all(one is found[0] for one in found)
    assert module.turns() is module.turns()
