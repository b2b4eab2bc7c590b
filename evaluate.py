"""LFW's protocols -> results/*.json and the tables of README.

python evaluate.py view1       the 1,000 pairs of View 1's test set
python evaluate.py seeds       which of three starts ships, and how far they lie apart
python evaluate.py view2       View 2's ten folds, a network trained for each
python evaluate.py identify    naming people: trained on, or enrolled with one photo
python evaluate.py calibrate   what the angles of the reference, or of an ONNX file, mean
python evaluate.py quality     how much accuracy falls for poor photos, on validation people
python evaluate.py ledger      the ArcFace paper's angle statistics of the shipped models
python evaluate.py factors     the margin told from the scale, on two more trainings
python evaluate.py sweep       scale and margin on small trainings, and where they fail
python evaluate.py degrade     how far a face may be spoilt, on validation people
python evaluate.py depth       residual networks and their plain twins, trained alike
python evaluate.py placement   how well a face is placed on the spheres, and a stranger refused
python evaluate.py advise      which scale and margin for your embeddings, and whether one helps
python evaluate.py readme      fill README's tables from results/
"""

import sys
from collections.abc import Callable
from typing import Any

import tyro

from evaluation.advise import advise
from evaluation.calibrate import calibrate
from evaluation.degrade import degrade
from evaluation.depth import depth
from evaluation.factors import factors
from evaluation.identify import identify
from evaluation.ledger import ledger
from evaluation.placement import placement
from evaluation.quality import quality
from evaluation.seeds import seeds
from evaluation.sweep import sweep
from evaluation.tables import readme
from evaluation.view1 import view1
from evaluation.view2 import view2
from model.commands import run

COMMANDS: dict[str, Callable[..., Any]] = {
    "view1": view1,
    "seeds": seeds,
    "view2": view2,
    "identify": identify,
    "calibrate": calibrate,
    "quality": quality,
    "ledger": ledger,
    "factors": factors,
    "sweep": sweep,
    "degrade": degrade,
    "depth": depth,
    "placement": placement,
    "advise": advise,
    "readme": readme,
}


def main(argv: list[str]) -> int:
    """Run the command line; the exit code is 0, 130 where stopped, 2 for what a person can mend."""

    def work() -> int:
        tyro.extras.subcommand_cli_from_dict(COMMANDS, args=argv)
        return 0

    return run("evaluate.py", work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
