"""Checkpoints and LFW -> the gallery's embeddings, both spheres and the playback, in assets/.

The same bytes again on the same machine with as many cores.

python prepare.py
python prepare.py --only playback      the small trainings alone, from the gallery as it is
python prepare.py --images ~/my-people --output ~/my-gallery
python prepare.py --sweep              how neighbours, distance and link were chosen (results/)
"""

import difflib
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from torch.nn import functional
from tqdm import tqdm

from evaluation.playback import make_playback
from evaluation.results import ASSETS, LOSSES, RESULTS, bar, made_by, write_json
from model.aligned import Faces, load_faces
from model.backbone import embed_with_length, to_input
from model.checkpoint import load_checkpoint
from model.commands import run
from model.data import Collection, lfw_home, read_folder, read_lfw
from model.errors import MarginScopeError
from model.files import fingerprint
from model.gallery import Gallery, gallery_faces, rounded, save_gallery, write_npz
from model.recognizer import UNTRAINED, Embedding, untrained
from model.sphere import Layout, correspondence, faithfulness, project

# What a sweep tries, on two of the spaces
NEIGHBOURS, DISTANCES, LINKS = (10, 15, 30), (0.1, 0.4), (0.3, 1.0)
LAYOUTS = [Layout(n, d, link) for n in NEIGHBOURS for d in DISTANCES for link in LINKS]
PAIR = ("norm-softmax", "arcface")


class OutputNotNamed(MarginScopeError):
    """A folder of people would have taken the place of what ships."""

    sentence = "--images needs --output FOLDER, so that assets/ and results/ stay as they ship."


class TooFewImages(MarginScopeError):
    """Fewer images than a layout needs neighbours."""

    sentence = "There are {images} images with a face; a layout needs at least {needed}."


class NobodyExcluded(MarginScopeError):
    """--exclude names somebody who is not there."""

    sentence = "--exclude: nobody in {root} is called {names}. Give the names of folders there."


@dataclass(frozen=True)
class Command:
    """Make the gallery and its spheres from the shipped checkpoints."""

    data_home: Path | None = None
    """The folder that holds lfw_home/; see train.py --help."""
    images: Path | None = None
    """Draw the people of this folder instead of LFW's: one sub-folder a person."""
    output: Path = ASSETS
    """Where gallery.npz and spheres.npz go; another folder than assets/ gets layout.json too."""
    exclude: tuple[str, ...] = ()
    """People who are not to be drawn, by the names of their folders."""
    only: Literal["everything", "playback"] = "everything"
    """playback: film the small trainings again from the gallery that is there, nothing else."""
    sweep: bool = False
    """Try layouts and write what each keeps to results/spheres.json, instead of making files."""


def main(argv: list[str]) -> int:
    """Run the command line; the exit code is 0, 130 where stopped, 2 for what a person can mend."""
    return run("prepare.py", lambda: prepare(tyro.cli(Command, args=argv)))


def prepare(command: Command) -> int:
    """Embed, lay out, say what was kept, write."""
    ours = command.output.resolve() == ASSETS
    if command.images and (ours or command.sweep):
        raise OutputNotNamed()
    if command.only == "playback":
        make_playback(command.output.resolve())
        return 0
    gallery = embed_gallery(command)
    if command.sweep:
        write_json(RESULTS / "spheres.json", sweep(gallery))
        return 0
    print(f"laying out {len(gallery.person)} images under {len(gallery.embeddings)} models …")
    gallery = rounded(gallery)  # as it will be read: the same layout on each run
    spheres = project(list(gallery.embeddings.values()), Layout())
    named = dict(zip(gallery.embeddings, spheres, strict=True))
    kept = report(gallery, named)
    save_gallery(command.output / "gallery.npz", gallery)
    write_npz(command.output / "spheres.npz", {**named})
    kept_in = RESULTS if ours else command.output
    write_json(kept_in / "layout.json", made_by("python prepare.py") | {"spheres": kept})
    if ours:
        make_playback(ASSETS)
    return 0


def embed_gallery(command: Command) -> Gallery:
    """Who is drawn, embedded by every shipped model and by the network as it began."""
    home = command.images or lfw_home(command.data_home, download=True)
    collection = read_folder(home) if command.images else read_lfw(home)
    command = replace(command, exclude=excluded(command.exclude, collection))
    faces = load_faces(collection, bar("aligning faces"))
    chosen, seen = choose_faces(faces, command)
    needed = 2 * Layout().neighbours + 2
    if len(chosen) < needed:
        raise TooFewImages(images=len(chosen), needed=needed)
    networks = {loss: load_checkpoint(ASSETS / f"{loss}.safetensors") for loss in LOSSES}
    config = networks["arcface"].card.config
    every = {loss: checkpoint.network for loss, checkpoint in networks.items()}
    inputs = to_input(torch.from_numpy(faces.crops[chosen]), config.input_size)
    embeddings: dict[str, Embedding] = {}
    lengths: dict[str, NDArray[np.float32]] = {}
    for name, network in tqdm({**every, UNTRAINED: untrained(config)}.items(), desc="embedding"):
        unit, length = embed_with_length(network, inputs)
        embeddings[name], lengths[name] = unit.numpy(), length.numpy()
    people, person = np.unique(faces.person[chosen], return_inverse=True)
    names = tuple(faces.names[j] for j in people)
    # The three were trained on the same people, so they carry the same people's class centres.
    carried = networks["arcface"].card.centre_people
    rows = [k for k, name in enumerate(carried) if name in names and not command.images]
    return Gallery(
        names=names,
        person=person.astype(np.int64),
        image=faces.image[chosen],
        seen=np.isin(faces.person[chosen], sorted(seen)),
        embeddings=embeddings,
        lengths=lengths,
        centred=np.array([names.index(carried[k]) for k in rows], dtype=np.int64),
        centres={
            loss: functional.normalize(checkpoint.centres[rows], dim=1).numpy()
            for loss, checkpoint in networks.items()
        },
        checkpoints={loss: fingerprint(ASSETS / f"{loss}.safetensors") for loss in networks},
    )


def excluded(asked: Sequence[str], collection: Collection) -> tuple[str, ...]:
    """The people of a collection who are asked for; NobodyExcluded where somebody is not there.

    A space counts as an underscore, and an accented letter as itself however it is encoded.
    """

    def plain(name: str) -> str:
        return normalize("NFC", name).replace(" ", "_")

    there, wanted = ({plain(name): name for name in names} for names in (collection.people, asked))
    unknown = []
    for name in wanted.keys() - there:
        near = difflib.get_close_matches(name, there, 1)
        unknown.append(f"{wanted[name]} ({near[0]}?)" if near else wanted[name])
    if unknown:
        raise NobodyExcluded(root=collection.root, names=", ".join(sorted(unknown)))
    return tuple(name for name in collection.people if plain(name) in wanted)


def choose_faces(faces: Faces, command: Command) -> tuple[NDArray[np.int64], set[int]]:
    """LFW's seen and unseen gallery; of a folder everybody, and nobody there was trained on."""
    if not command.images:
        return gallery_faces(faces, command.exclude)
    drawn = [i for i, j in enumerate(faces.person) if faces.names[j] not in command.exclude]
    return np.array(drawn, dtype=np.int64), set()


def report(gallery: Gallery, spheres: dict[str, NDArray[np.float32]]) -> dict[str, object]:
    """Print what each sphere keeps of its space, and return it by model."""
    found: dict[str, object] = {}
    for name, points in spheres.items():
        kept = faithfulness(gallery.embeddings[name], points, gallery.person)
        apart = correspondence(points, spheres["arcface"], gallery.person)
        found[name] = asdict(kept) | {"from_arcface_degrees": apart}
        print(
            f"{name:13} trustworthiness {kept.trustworthiness:.3f}, rank correlation "
            f"{kept.rank_correlation:.2f}, within a person {kept.drawn_within:.1f}° drawn, "
            f"{kept.true_within:.1f}° true; {apart:.1f}° from the same person under ArcFace"
        )
    return found


def sweep(gallery: Gallery, layouts: Sequence[Layout] = LAYOUTS) -> dict[str, object]:
    """Every layout on two spaces: what each sphere keeps, how far they agree, how long it took."""
    rows = []
    spaces = [gallery.embeddings[name] for name in PAIR]
    for layout in tqdm(layouts, desc="layouts"):
        began = time.perf_counter()
        points = project(spaces, layout)
        seconds = time.perf_counter() - began
        pairs = zip(spaces, points, strict=True)
        found = [faithfulness(space, drawn, gallery.person) for space, drawn in pairs]
        kept = {
            name: {key: round(value, 4) for key, value in asdict(measures).items()}
            for name, measures in zip(PAIR, found, strict=True)
        }
        apart = correspondence(points[0], points[1], gallery.person)
        row = {"correspondence_degrees": round(apart, 2), "seconds": round(seconds, 1)}
        rows.append(asdict(layout) | row | {"kept": kept})
        tqdm.write(f"{layout}: {apart:.1f}°, {seconds:.0f} s, {kept}")
    return made_by("python prepare.py --sweep") | {
        "images": len(gallery.person), "people": len(gallery.names), "layouts": rows,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
