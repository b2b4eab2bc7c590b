"""What the command lines have in common: how one ends, whatever happens."""

import io
import os
import sys
from collections.abc import Callable

from model.errors import MarginScopeError


def run(script: str, work: Callable[[], int], cure: str = "start again") -> int:
    """The exit code of `work()`, its output written; where it fails one line says why.

    2 for what a person can mend, 130 for Ctrl-C, 141 where nobody reads the output any more.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file's name may hold what cannot be encoded
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = work()
        sys.stdout.flush()
        return code
    except MarginScopeError as error:
        print(f"{script}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        _write_no_more()
        return 141
    except OSError as error:
        _write_no_more()
        print(f"{script}: {error}. Mend that and {cure}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{script}: interrupted; what was finished is kept.", file=sys.stderr)
        return 130


def _write_no_more() -> None:
    """Drop what cannot be written, or Python would try once more at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
