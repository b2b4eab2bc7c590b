"""Numbers as a person reads them, and as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence

from demo.language import Text


def to_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A line a row under the names of its columns; floats to a hundred-thousandth."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([round(v, 5) if isinstance(v, float) else v for v in row])
    return stream.getvalue()


def per_thousand(share: float, error: float, pairs: int, words: Text) -> str:
    """0.123, 0.011 -> '123 ± 11'; where none of `pairs` was, what 95 of 100 such samples bound.

    The bound is the rule of three (Hanley and Lippman-Hand 1983), as if the pairs shared no people.
    """
    if share * pairs < 1:
        return words("compare.fewer", bound=max(1, round(3000 / pairs)))
    digits = 0 if share >= 0.01 else 1
    return f"{1000 * share:.{digits}f} ± {1000 * error:.{digits}f}"
