"""Would embedding the faces of several visitors in one call serve a crowd sooner?

python benchmarks/batching.py

Both recognisers of the compare page embed 50 faces on one core: pair after pair, as the app does
for 25 visitors, and all in one call, as a queue could that gathers them. Beside it stands what
else a visitor's pair costs: reading the two photos, which is decoding, detecting and aligning. The
ratio is a pair alone over its share of the batch; "gain" is the part of a pair's whole work that
the batch would save. Here, with other work on the machine, a pair fell from 45 to 30 ms beside
190 ms of reading: 7 % in all, so the app gathers nobody's faces.
"""

import numpy as np
import torch
import tyro
from measuring import keep, line, ratio, seconds, show, spread, take_turns

from demo import assets
from demo.service import CompareService

PAIRS = 25


def main(rounds: int = 10) -> None:
    """Measure.

    Args:
        rounds: How often each is measured.
    """
    torch.set_num_threads(1)  # as in app.py
    files = [path.read_bytes() for path in assets.PORTRAITS]
    service = CompareService([assets.recognizer(name) for name in ("softmax", "arcface")])
    photos = [service.read(data, "left") for data in files]
    crops = np.concatenate([[photo.crop for photo in photos]] * PAIRS)  # (50, 112, 112, 3)

    def embed(faces: int) -> None:
        for start in range(0, len(crops), faces):
            for recognizer in service.recognizers:
                recognizer.embed(crops[start : start + faces])

    turns = take_turns(
        {
            "embed a pair": lambda: seconds(lambda: embed(2)) / PAIRS,
            "its share of one call for 25": lambda: seconds(lambda: embed(len(crops))) / PAIRS,
            "read its photos": lambda: seconds(lambda: [service.read(d, "left") for d in files]),
        },
        rounds,
    )
    found = show(turns, "s")
    alone, together, reading = turns.values()
    result = ratio(alone, together)
    gain = spread([(a - t) / (a + r) for a, t, r in zip(alone, together, reading, strict=True)])
    print(line("a pair alone / in the batch", result, "times"))
    print(line("gain of a pair's whole work", gain, ""))
    keep(result | {"gain": gain, "sides": found})


if __name__ == "__main__":
    tyro.cli(main)
