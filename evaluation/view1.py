"""View 1 of LFW: its 1,000 test pairs, 963 people whom no network was trained on.

python evaluate.py view1 --final                          the shipped checkpoints, two minutes
python evaluate.py view1 --images PEOPLE --output JSON    the same on all of your own people

With `--checkpoints runs/arcface` besides, what you trained on them is scored, on those of them
alone that it held out.
"""

import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from evaluation.paired import error
from evaluation.results import (
    ASSETS,
    LOSSES,
    RESULTS,
    OutputMissing,
    append_to_test_log,
    finished,
    made_by,
    percent,
    plain,
    write_json,
)
from evaluation.scored import PairsWithoutFolder, Scored, folder_pairs, lfw_test
from model.errors import MarginScopeError
from model.files import fingerprint
from model.recipe import recipe_hash
from model.recognizer import Recognizer
from model.verification import (
    Ranked,
    Values,
    auc,
    calibration_error,
    degrees,
    equal_error_rate,
    mcnemar,
    pair_cosines,
    perfect_calibration_errors,
    reliability,
)

FARS = {"0.01": 0.01, "0.001": 0.001}  # at which TAR is told
CURVE = np.logspace(-5, 0, 51)  # FAR of the ROC curve's points
DRAWS = 1000  # of people, for the errors on the listed pairs
MOST = 5000  # images of which every pair is told; LFW's test people have 2,741
DRAWS_OF_ALL = 200  # for those on all pairs, of which there are millions


def view1(
    data_home: Path | None = None,
    images: Path | None = None,
    pairs: Path | None = None,
    checkpoints: Path | None = None,
    output: Path | None = None,
    final: bool = False,
) -> None:
    """Score checkpoints on pairs of people never trained on: LFW's View 1, or your own photos.

    The threshold is each checkpoint's own, from validation people. Writes results/view1.json; a
    checkpoint that was not scored on LFW before is appended to results/test_log.json.

    Args:
        data_home: The folder that holds lfw_home/.
        images: Score on this folder instead of LFW: one sub-folder a person.
        pairs: A CSV of pairs in it, columns left and right, each PERSON/FILE; else they are drawn.
            The errors hold for a list in which people seldom recur, as they do in LFW's.
        checkpoints: A folder with softmax.safetensors and so on in place of assets/. With --images
            these were trained on that folder, so only the people they held out are scored; it is
            refused where the folder has other people or photos now.
        output: Where the JSON goes; needed with --images or --checkpoints.
        final: Say that no choice of recipe, scale or margin is left to make. Needed on LFW.
    """
    began = time.monotonic()
    if images is None and not final:
        raise NotFinal()
    if output is None and (images or checkpoints):
        raise OutputMissing()
    if pairs is not None and images is None:
        raise PairsWithoutFolder(path=pairs)
    found = recognizers(checkpoints or ASSETS)
    cards = {f"{loss}.safetensors": one.card for loss, one in found.items() if checkpoints}
    splits = {name: card.split for name, card in cards.items() if card is not None}
    scored = folder_pairs(images, pairs, splits) if images else lfw_test(data_home)
    command = "python evaluate.py view1" + (" --final" if images is None else " --images ...")
    report = made_by(command) | compared(scored, list(found.values()))
    for loss, recognizer in found.items():
        scores = report["losses"][loss]
        scores["checkpoint_sha256"] = fingerprint((checkpoints or ASSETS) / f"{loss}.safetensors")
        if recognizer.card is not None:
            scores["recipe_sha256"] = recipe_hash(recognizer.card.config)
            scores["own_centre_degrees"] = recognizer.card.training["own_angle_mean"]
        if images is None:
            values = {name: scores[name]["value"] for name in ("accuracy", "auc")}
            digest = {"checkpoint_sha256": scores["checkpoint_sha256"]}
            append_to_test_log({"command": command, "loss": loss} | digest | values)
        print(
            f"{loss:13} accuracy {percent(scores['accuracy'])}, AUC {plain(scores['auc'])}, "
            f"EER {percent(scores['eer'])}"
        )
    write_json(output or RESULTS / "view1.json", finished(report, began))


class NotFinal(MarginScopeError):
    """The test people were to be scored while choices are still open."""

    sentence = (
        "The test people score a final model and nothing else. Compare recipes by what train.py "
        "prints for validation people; when no choice is left, add --final."
    )


class NoCheckpoints(MarginScopeError):
    """A folder without any of our checkpoints."""

    sentence = "{folder} has none of {names}: name the folder that train.py wrote to."


class LossOther(MarginScopeError):
    """A checkpoint under the name of another loss."""

    sentence = (
        "{path} is of {found}, not of {loss}: rename it to {found}.safetensors, or put the right "
        "file in its place."
    )


def recognizers(folder: Path) -> dict[str, Recognizer]:
    """The checkpoints of a folder by loss; CheckpointInvalid, NoCheckpoints, LossOther."""
    files = {loss: folder / f"{loss}.safetensors" for loss in LOSSES}
    there = {loss: Recognizer.load(file) for loss, file in files.items() if file.is_file()}
    if not there:
        raise NoCheckpoints(folder=folder, names=", ".join(file.name for file in files.values()))
    for loss, one in there.items():
        if one.name != loss:
            raise LossOther(path=files[loss], found=one.name, loss=loss)
    return there


def compared(scored: Scored, networks: list[Recognizer]) -> dict[str, Any]:
    """What each network scores and how much two of them differ, on the same draws of people.

    McNemar's test stands beside the differences of a list alone: it wants independent pairs.
    """
    embeddings = [network.embed(scored.crops) for network in tqdm(networks, "embedding")]
    listed = on_listed(scored, networks, embeddings)
    every = on_all(scored, embeddings)
    tables = listed["tables"] | every["tables"]  # measure: (1 + draws, K)
    listed_people, everybody = scored.drawn_from(), len(np.unique(scored.person))
    people = {name: everybody if name in every["tables"] else listed_people for name in tables}
    losses = {}
    for k, network in enumerate(networks):
        values = {name: error(table[:, k], people[name]) for name, table in tables.items()}
        one = nested(values) | listed["more"][k] | {"roc": every["roc"][k]}
        perfect = one.pop("perfect")
        own = one["calibration_error"]["value"]
        one["calibration_error"] |= {
            "perfect": round(float(perfect.mean()), 5),
            "p_value": round(float(np.mean(perfect >= own)), 3),
        }
        losses[network.name] = one
    differences = {}
    for a, b in combinations(range(len(networks)), 2):
        values = {name: error(t[:, b] - t[:, a], people[name]) for name, t in tables.items()}
        values.pop("calibration_error")
        one = nested(values)
        if scored.listed:
            one["mcnemar"] = mcnemar(listed["right"][b], listed["right"][a])
        differences[f"{networks[b].name} less {networks[a].name}"] = one
    same = every["same"]
    return {
        "people": len(np.unique(scored.person)),
        "images": len(scored.person),
        "pairs": len(scored.pairs.same),
        "all_pairs": {"genuine": int(same.sum()), "impostor": int((~same).sum())},
        "losses": losses,
        "differences": differences,
    }


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """The TARs, 'tar 0.01', as one entry by their FAR."""
    tars = {name.removeprefix("tar "): v for name, v in values.items() if name.startswith("tar ")}
    return {k: v for k, v in values.items() if not k.startswith("tar ")} | {"tar_at_far": tars}


def drawn(
    measure: Callable[[Values], Values], scored: Scored, base: Values, draws: int, what: str
) -> NDArray[np.float64]:
    """measure(weight) of all people, then of each draw of them, (1 + draws, ...).

    base (P,): what each pair weighs where everybody is there once.
    """
    weights = (base * times for times in scored.draws(draws))
    return np.stack([measure(base), *map(measure, tqdm(weights, what, draws))])


def on_listed(
    scored: Scored, networks: list[Recognizer], embeddings: list[NDArray[np.float32]]
) -> dict[str, Any]:
    """Accuracy, AUC, EER and calibration error on the listed pairs, for which pairs.txt stands.

    The probabilities are those for the share of genuine pairs that there is, half in LFW's list.
    """
    same = scored.pairs.same
    prior = float(same.mean())
    cosines = [pair_cosines(one, scored.pairs) for one in embeddings]
    angles = [degrees(cosine) for cosine in cosines]
    of = [network.calibration for network in networks]
    right = [(a <= c.threshold) == same for a, c in zip(angles, of, strict=True)]
    said = [np.array([c.probability(x, prior) for x in a]) for a, c in zip(angles, of, strict=True)]

    def share(answers: NDArray[np.bool_], weight: Values) -> float:
        """Told rightly, both kinds of pair counting alike."""
        kinds = (np.average(answers[kind], weights=weight[kind]) for kind in (same, ~same))
        return float(np.mean(list(kinds)))

    def measures(weight: Values) -> Values:
        return np.array([
            [share(answers, weight) for answers in right],
            [auc(cosine, same, weight) for cosine in cosines],
            [equal_error_rate(cosine, same, weight) for cosine in cosines],
            [calibration_error(probability, same, weight) for probability in said],
        ])  # fmt: skip

    table = drawn(measures, scored, np.ones(len(same)), DRAWS, "listed pairs")  # (1 + draws, 4, K)
    names = ("accuracy", "auc", "eer", "calibration_error")
    return {
        "tables": {name: table[:, i] for i, name in enumerate(names)},
        "right": right,
        "more": [
            {
                "threshold_degrees": round(c.threshold, 2),
                "genuine_degrees": round(float(angle[same].mean()), 2),
                "impostor_degrees": round(float(angle[~same].mean()), 2),
                "reliability": [
                    {key: round(number, 4) for key, number in group.items()}
                    for group in reliability(probability, same)
                ],
                "perfect": perfect_calibration_errors(probability),
            }
            for c, angle, probability in zip(of, angles, said, strict=True)
        ],
    }


def on_all(scored: Scored, embeddings: list[NDArray[np.float32]]) -> dict[str, Any]:
    """TAR at small FARs and the ROC curve over every pair of images, of MOST that are drawn.

    Weighted by people: in LFW's test two men with over a hundred photos would else be more than
    half of the genuine pairs.
    """
    drawn_images = np.arange(len(scored.person))
    if len(drawn_images) > MOST:
        rng = np.random.default_rng(0)
        drawn_images = np.sort(rng.choice(drawn_images, MOST, replace=False))
    every = scored.all_pairs(drawn_images)
    same = every.pairs.same
    ranked = [Ranked.of(pair_cosines(one, every.pairs), same) for one in embeddings]
    fars = list(FARS.values())

    def tars(weight: Values) -> Values:
        return np.stack([one.tar(fars, weight) for one in ranked], axis=1)  # (F, K)

    base = every.by_people()
    table = drawn(tars, every, base, DRAWS_OF_ALL, "all pairs")  # (1 + draws, F, K)
    return {
        "tables": {f"tar {name}": table[:, i] for i, name in enumerate(FARS)},
        "roc": [
            {
                "far": [float(f"{far:.3g}") for far in CURVE],
                "tar": one.tar(CURVE.tolist(), base).round(5).tolist(),
            }
            for one in ranked
        ],
        "same": same,
    }
