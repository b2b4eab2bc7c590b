"""face_recognition's time over ours, for two 12-megapixel JPEGs compared, warm.

python benchmarks/comparison.py

Both sides open the same two files and end with numbers that say how similar the faces are; loading
networks and a first comparison are left out. Ours: CompareService under softmax and under ArcFace,
the page's preview and the remarks on quality included. Theirs: load_image_file, face_locations,
face_encodings of the largest box, face_distance, as they come; and, since most of that is a search
in all 12 megapixels, once more on copies reduced as ours are for detection, as the careful do.
The JPEGs are the two portraits that ship, cropped to 3:4, enlarged to 3000 x 4000 pixels, with a
sensor's noise, so that a face is a third of the picture wide or less and a file has a phone's size.

Target: 2 or more. Needs requirements.txt and pip install --no-deps -r benchmarks/requirements.txt
"""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import tyro
from measuring import keep, line, need, ratio, seconds, show, take_turns
from PIL import Image, ImageOps

import demo.service
from demo.assets import PORTRAITS, recognizer
from demo.service import CompareService
from model.faces import DETECTION_SIDE, reduced

SIZE = (3000, 4000)  # pixels
NOISE = 3.0  # grey levels, the standard deviation
TARGET = 2.0
PARTS = (
    ("decode", demo.service, "read_image"),
    ("detect", demo.service, "detect"),
    ("preview", demo.service, "reduced"),
    ("align", demo.service, "align"),
    ("quality", demo.service, "measure"),
)
EMBED = "embed and answer"


def main(rounds: int = 10) -> None:
    """Compare ours with face_recognition on the same two photos.

    Args:
        rounds: How often each side is timed.
    """
    need("dlib", "pkg_resources", "face_recognition_models", "face_recognition")
    service = CompareService([recognizer(name) for name in ("softmax", "arcface")])
    with tempfile.TemporaryDirectory() as folder:
        paths = photos(Path(folder))
        megabytes = [round(path.stat().st_size / 1e6, 2) for path in paths]
        print(f"two JPEGs of {SIZE[0]} x {SIZE[1]} pixels, {megabytes} MB")
        sides = {
            "ours": lambda: seconds(lambda: ours(service, paths)),
            "face_recognition": lambda: seconds(lambda: theirs(paths, as_it_is)),
            "face_recognition on reduced copies": lambda: seconds(lambda: theirs(paths, smaller)),
        }
        measured = take_turns(sides, rounds)
        where = [pieces(service, paths) for _ in range(rounds)]
    found = show(measured, "s")
    full = ratio(measured["face_recognition"], measured["ours"])
    fair = ratio(measured["face_recognition on reduced copies"], measured["ours"])
    print(line(f"face_recognition / ours (target {TARGET:g})", full, "times"))
    print(line("the same, on reduced copies", fair, "times"))
    print("where our time goes, both photos:")
    parts = show({name: [run[name] for run in where] for name in where[0]}, "s")
    told = {"target": f">= {TARGET:g}", "on_reduced_copies": fair, "photo_megabytes": megabytes}
    packages = "face_recognition", "dlib-bin", "pillow", "opencv-python-headless"
    keep(full | told | {"sides": found, "pieces": parts}, packages)


def photos(folder: Path) -> list[Path]:
    """The two portraits as 12-megapixel JPEGs in `folder`."""
    paths = []
    rng = np.random.default_rng(0)
    for portrait in PORTRAITS:
        with Image.open(portrait) as image:
            large = ImageOps.fit(image.convert("RGB"), SIZE, Image.Resampling.BICUBIC)
        noisy = np.asarray(large) + rng.normal(0, NOISE, (SIZE[1], SIZE[0], 1))
        path = folder / f"{portrait.stem}.jpg"
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(path, quality=90)
        paths.append(path)
    return paths


def ours(service: CompareService, paths: list[Path]) -> object:
    """What the app and compare.py do with two files."""
    left, right = (service.read(path.read_bytes(), "left") for path in paths)
    return service.compare(left, right)


def theirs(paths: list[Path], prepare: Callable[[np.ndarray], np.ndarray]) -> object:
    """What face_recognition's own README does with two files; one face a photo, as with ours."""
    import face_recognition

    encodings = []
    for path in paths:
        image = prepare(face_recognition.load_image_file(path))
        boxes = face_recognition.face_locations(image)
        largest = max(boxes, key=lambda box: (box[2] - box[0]) * (box[1] - box[3]))
        encodings += face_recognition.face_encodings(image, [largest])
    return face_recognition.face_distance(encodings[:1], encodings[1])


def as_it_is(image: np.ndarray) -> np.ndarray:
    """All 12 megapixels."""
    return image


def smaller(image: np.ndarray) -> np.ndarray:
    """A copy of the size in which ours looks for faces."""
    return reduced(image, DETECTION_SIDE)


def pieces(service: CompareService, paths: list[Path]) -> dict[str, float]:
    """Seconds that each part of one ours() takes, by a clock around the functions it calls."""
    spent = {}
    with ExitStack() as clocks:
        for part, owner, name in (*PARTS, (EMBED, service, "compare")):
            spent[part] = 0.0
            clocks.enter_context(patch.object(owner, name, clocked(owner, name, part, spent)))
        total = seconds(lambda: ours(service, paths))
    return spent | {"the rest": total - sum(spent.values())}


def clocked(owner: object, name: str, part: str, spent: dict[str, float]) -> Callable[..., Any]:
    """owner.name, which adds its seconds to spent[part]."""
    function = getattr(owner, name)

    def with_clock(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*given, **named)
        finally:
            spent[part] += time.perf_counter() - began

    return with_clock


if __name__ == "__main__":
    tyro.cli(main)
