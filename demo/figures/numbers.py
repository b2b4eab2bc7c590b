"""What a figure shows, as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence


def to_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A line a row under the names of its columns; floats to a hundred-thousandth."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([round(v, 5) if isinstance(v, float) else v for v in row])
    return stream.getvalue()
