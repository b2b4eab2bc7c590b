"""Is it the margin or the scale? A 2 x 2 design: s of 16 and 24, each without a margin and with it.

python evaluate.py factors --final    two trainings of the recipe that ships, 40 minutes

Each loss ships with the scale that validation people chose for it: norm-softmax with 16, ArcFace
with 24. So a margin and half as much scale again lie between those two. Here each is changed
alone: two of the four networks ship, the other two are trained from the same start on the same
photos and are not kept once the result is. The margin's effect is a difference at one scale.

AUC is of validation people's pairs and of View 1's test pairs, the angles are the ledger's. The two
that are trained here tell one thing more: the class centres that ship are those of the last step,
the network is an average over many. `w_ec_last` is W-EC by the network of the last step itself.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from evaluation.ledger import rounded
from evaluation.paired import Draws, error
from evaluation.results import (
    ASSETS,
    RESULTS,
    ROOT,
    append_to_test_log,
    bar,
    finished,
    made_by,
    write_json,
)
from evaluation.runs import trained
from evaluation.scored import view1_pairs
from evaluation.view1 import DRAWS
from evaluation.view2 import NotFinal
from model.aligned import Faces, load_faces
from model.backbone import embed, to_input
from model.checkpoint import Checkpoint, half, load_checkpoint, tensors_hash
from model.data import lfw_home, pairs_of_people, read_lfw
from model.files import fingerprint
from model.gallery import gallery_faces
from model.ledger import STATISTICS, ledger, unit
from model.recipe import TrainConfig, recipe_hash
from model.recognizer import Embedding
from model.sets import training_set
from model.verification import pair_cosines

COMMAND = "python evaluate.py factors --final"
MARGIN = "arcface"  # the loss that ships with one
CONTROL = "norm-softmax"


@dataclass(frozen=True)
class Cell:
    """One of the four networks, with the class centres (K, D) of the gallery's seen people.

    last: the network of the last step, and seconds: what its steps took, where it was trained here.
    """

    config: TrainConfig
    network: nn.Module
    centres: Tensor
    last: nn.Module | None = None
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """Such as 's 24, m 0.4'."""
        margin = self.config.final_margin
        return f"s {self.config.final_scale:g}, m {margin.add_angle if margin else 0:g}"


def factors(data_home: Path | None = None, final: bool = False) -> None:
    """Tell the margin from the scale: ArcFace and norm-softmax, each at both their scales.

    Writes results/factors.json.

    Args:
        data_home: The folder that holds lfw_home/.
        final: Say that no choice of recipe, scale or margin is left to make. Needed.
    """
    began = time.monotonic()
    if not final:
        raise NotFinal()
    made = made_by(COMMAND)  # now: the code may change while this runs
    home = lfw_home(data_home, download=True)
    faces = load_faces(read_lfw(home), bar("aligning faces"))
    cells = four(faces)
    found = {cell.name: {"loss": cell.config.loss} | angles(faces, cell) for cell in cells}
    areas, differences = compared(faces, home, cells)
    for name, one in found.items():
        one |= areas[name]
    for name, one in found.items():
        entry = {"command": COMMAND, "loss": one["loss"], "note": name}
        digest = {"checkpoint_sha256": one["checkpoint_sha256"]}
        append_to_test_log(entry | digest | {"auc": one["auc"]["value"]})
    report = made | {"networks": found, "differences": differences}
    write_json(RESULTS / "factors.json", finished(report, began))
    for cell in cells:
        state_of(cell.config).unlink(missing_ok=True)  # only now: a stopped call goes on from it
    for name, one in found.items():
        print(f"{name:14} AUC {one['validation_auc']['value']:.4f}, {one['auc']['value']:.4f}")


def four(faces: Faces) -> list[Cell]:
    """Without and with a margin at the smaller scale, then at the larger one."""
    control, margin = (
        load_checkpoint(ASSETS / f"{loss}.safetensors") for loss in (CONTROL, MARGIN)
    )
    low, high = (one.card.config.final_scale for one in (control, margin))
    return [
        as_shipped(control),
        anew(faces, margin, replace(margin.card.config, scale=low)),
        anew(faces, control, replace(control.card.config, scale=high)),
        as_shipped(margin),
    ]


def as_shipped(checkpoint: Checkpoint) -> Cell:
    """A checkpoint of assets/."""
    return Cell(checkpoint.card.config, checkpoint.network, checkpoint.centres)


def state_of(config: TrainConfig) -> Path:
    """Where a training is kept until the result is."""
    return ROOT / "runs" / "factors" / f"{config.loss}-{config.final_scale:g}.safetensors"


def anew(faces: Faces, like: Checkpoint, config: TrainConfig) -> Cell:
    """A network trained as the checkpoint was, at another scale."""
    learn = training_set(faces, config)
    run = trained(config, learn, state_of(config), learn.fingerprint(faces.names))
    names = [faces.names[person] for person in learn.people]
    rows = [names.index(name) for name in like.card.centre_people]
    centres = run.training.head.weight.detach().cpu()[rows]
    return Cell(config, run.network, centres, run.training.network.cpu().eval(), run.seconds)


def embedded(
    network: nn.Module, config: TrainConfig, faces: Faces, chosen: NDArray[np.int64]
) -> Embedding:
    """Some of the faces as unit vectors (M, D)."""
    inputs = to_input(torch.from_numpy(faces.crops[chosen]), config.input_size)
    return embed(network, inputs).numpy()


def angles(faces: Faces, cell: Cell) -> dict[str, Any]:
    """The ledger of one network, in degrees, on the gallery's people; whose weights they are."""
    drawn, seen = gallery_faces(faces)
    person = faces.person[drawn]
    of_seen = np.isin(person, list(seen))
    path = ASSETS / f"{cell.config.loss}.safetensors"
    centred = load_checkpoint(path).card.centre_people
    owners = np.array([faces.names.index(name) for name in centred])
    centres = unit(cell.centres.double().numpy())

    def measured(network: nn.Module) -> dict[str, Any]:
        found = ledger(
            embedded(network, cell.config, faces, drawn), person, of_seen, centres, owners
        )
        return {name: rounded(name, found[name]) for name in STATISTICS}

    found = {
        "checkpoint_sha256": tensors_hash(half(cell.network)) if cell.last else fingerprint(path),
        "recipe_sha256": recipe_hash(cell.config),
        **measured(cell.network),
    }
    if cell.last is None:
        return found
    return found | {
        "w_ec_last": measured(cell.last)["w_ec"], "training_seconds": cell.seconds
    }  # fmt: skip


def compared(
    faces: Faces, home: Path, cells: list[Cell]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """AUC of each network on validation people's pairs and on View 1's, and paired differences.

    The differences are those of the margin at each scale and of the scale at each margin.
    """
    held = faces.indices("validation")
    pairs = pairs_of_people(faces.person[held])
    scored = view1_pairs(faces, home)
    people = faces.person[held]
    drawn = Draws.of(pairs.same, people[pairs.left], people[pairs.right])
    listed = Draws.among(scored.pairs.same, scored.draws(DRAWS))  # as many as View 1's
    asked = {
        "validation_auc": (held, pairs, drawn),
        "auc": (faces.indices("test"), scored.pairs, listed),
    }
    tables = {}
    for name, (chosen, of, draws) in asked.items():
        cosines = [
            pair_cosines(embedded(cell.network, cell.config, faces, chosen), of)
            for cell in tqdm(cells, name)
        ]
        tables[name] = draws.auc(np.stack(cosines))  # (1 + draws, 4)
    found = {
        cell.name: {name: error(table[:, k]) for name, table in tables.items()}
        for k, cell in enumerate(cells)
    }
    differences = {
        f"{cells[b].name} less {cells[a].name}": {
            name: error(table[:, b] - table[:, a]) for name, table in tables.items()
        }
        for a, b in ((0, 1), (2, 3), (0, 2), (1, 3))
    }
    return found, differences
