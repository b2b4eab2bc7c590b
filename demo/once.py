"""What a process makes once, whoever asks first."""

import threading
from collections.abc import Callable
from functools import cache, update_wrapper
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Once(Generic[P, T]):
    """functools.cache for threads: those who ask at the same time get the one that is made.

    functools.cache alone lets each of them make one. What is raised is kept no more than there.
    """

    def __init__(self, make: Callable[P, T]) -> None:
        self._kept, self._lock = cache(make), threading.RLock()
        update_wrapper(self, make)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """What was made for these arguments, which are hashable."""
        with self._lock:
            return self._kept(*args, **kwargs)  # type: ignore[arg-type]

    def cache_clear(self) -> None:
        """Make everything anew."""
        self._kept.cache_clear()
