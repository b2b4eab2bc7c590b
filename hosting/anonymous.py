"""The assets with people numbered instead of named: "Person_17" is shown as "Person 17".

Names are kept off a stranger's screen, no more: the embeddings stay, and whoever has LFW and this
repository can find out who is who.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.checkpoint import Card, read_tensors, save_checkpoint
from model.data import name_hash
from model.files import fingerprint
from model.gallery import read_npz, write_npz
from model.playback import TRUNK

Arrays = dict[str, NDArray[Any]]


def aliases(names: Iterable[str]) -> dict[str, str]:
    """A number for each name, in an order that tells nothing of the alphabet."""
    order = sorted(set(names), key=lambda name: (name_hash(name), name))
    return {name: f"Person_{number}" for number, name in enumerate(order, start=1)}


def anonymise(assets: Path, target: Path) -> dict[str, str]:
    """Write checkpoints, gallery, spheres and playback of `assets` to the folder `target`.

    Wherever people stood in the alphabet's order they stand by number. Returns what took the place
    of what: names, and digests of checkpoints, for the files that mention them.
    """
    gallery, film = read_npz(assets / "gallery.npz"), read_npz(assets / "playback.npz")
    checkpoints = {file.stem: file for file in assets.glob("*.safetensors")}
    people = {name for file in checkpoints.values() for name in _card(file).centre_people}
    people |= {str(name) for key in ("names", *_names(film)) for name in {**gallery, **film}[key]}
    alias = aliases(people)
    digests, instead = {}, dict(alias)
    for name, file in checkpoints.items():
        _write_checkpoint(file, target / file.name, alias)
        digests[name] = fingerprint(target / file.name)
        instead[fingerprint(file)] = digests[name]
    numbered, rows = _numbered(gallery, alias, digests)
    write_npz(target / "gallery.npz", numbered)
    points = read_npz(assets / "spheres.npz")
    write_npz(target / "spheres.npz", {name: array[rows] for name, array in points.items()})
    shown = {key: np.array([alias[name] for name in film[key].tolist()]) for key in _names(film)}
    write_npz(target / "playback.npz", film | shown | {"trunk": np.array(digests[TRUNK])})
    return instead


def _names(film: Arrays) -> list[str]:
    return [key for key in film if key.endswith(".names")]


def _card(checkpoint: Path) -> Card:
    return Card.from_json(read_tensors(checkpoint)[1]["card"])


def _write_checkpoint(source: Path, target: Path, alias: dict[str, str]) -> None:
    """The same weights; its class centres in the order of the numbers."""
    tensors, metadata = read_tensors(source)
    card = Card.from_json(metadata["card"])
    place = list(alias).index
    rows = sorted(range(len(card.centre_people)), key=lambda k: place(card.centre_people[k]))
    network = {
        k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")
    }
    bias = tensors.get("bias")
    people = tuple(alias[card.centre_people[row]] for row in rows)
    save_checkpoint(
        target, network, tensors["centres"][rows], None if bias is None else bias[rows],
        replace(card, centre_people=people),
    )  # fmt: skip


def _numbered(
    gallery: Arrays, alias: dict[str, str], digests: dict[str, str]
) -> tuple[Arrays, NDArray[np.intp]]:
    """The gallery by number, and which of its old rows (N,) each new one is."""
    names: list[str] = gallery["names"].tolist()
    order = np.argsort([list(alias).index(name) for name in names])  # (C,) of the old numbers
    new = np.argsort(order)  # old number -> new
    rows = np.argsort(new[gallery["person"]], kind="stable")
    person, centred = new[gallery["person"]][rows], new[gallery["centred"]]
    shown = [alias[names[old]] for old in order]
    first = np.searchsorted(person, person)  # the row where the same person begins
    image = [f"{shown[j]}_{row - start + 1:04d}" for row, (j, start) in
             enumerate(zip(person, first, strict=True))]  # fmt: skip
    found: Arrays = {
        "names": np.array(shown), "person": person, "image": np.array(image),
        "seen": gallery["seen"][rows], "centred": np.sort(centred),
    }  # fmt: skip
    for key, array in gallery.items():
        kind, _, model = key.partition(".")
        if kind in ("embedding", "length"):
            found[key] = array[rows]
        elif kind == "centres":
            found[key] = array[np.argsort(centred)]
        elif kind == "checkpoint":
            found[key] = np.array(digests[model])
    return found, rows
