"""What an answer says, in sentences that every screen uses."""

from collections.abc import Mapping

from demo.figures.dial import degrees, signed
from demo.figures.numbers import per_thousand
from demo.language import Text
from demo.service import Answer
from model.recognizer import Recognizer
from model.reference import REFERENCE

OURS = ("softmax", "arcface")


def dial_alt(recognizer: Recognizer, answer: Answer | None, words: Text) -> str:
    """What a dial shows, for those who do not see it."""
    calibration = recognizer.calibration
    fields = {
        "loss": words.loss(recognizer.name),
        "genuine": degrees(calibration.typical(same=True)),
        "impostor": degrees(calibration.typical(same=False)),
    }
    if answer is None:
        threshold = degrees(calibration.threshold)
        return words("compare.dial_alt_empty", threshold=threshold, **fields)
    angle, similarity = degrees(answer.angle), signed(answer.similarity, 2)
    return words("compare.dial_alt", angle=angle, similarity=similarity, **fields)


def shares(recognizer: Recognizer, answer: Answer, words: Text) -> dict[str, str]:
    """How many validation pairs look at least as alike ("far") and less alike ("frr")."""
    calibration = recognizer.calibration
    told = {
        "far": (answer.far, answer.far_error, sum(calibration.impostor)),
        "frr": (answer.frr, answer.frr_error, sum(calibration.genuine)),
    }
    return {
        kind: words(f"compare.reading_{kind}", share=per_thousand(*numbers, words))
        for kind, numbers in told.items()
    }


def disagreement(answers: Mapping[str, Answer], words: Text) -> list[str]:
    """Where softmax and ArcFace do not agree, and why; and what the reference says then."""
    ours = {name: answers[name] for name in OURS if name in answers}
    said = []
    if len({answer.verdict for answer in ours.values()}) > 1:
        said.append(
            words(
                "compare.disagree",
                **{name: words(f"verdict.{a.verdict}") for name, a in ours.items()},
                **{f"{name}_probability": f"{a.probability:.2f}" for name, a in ours.items()},
            )
        )
    reference = answers.get(REFERENCE)
    if reference is not None and any(a.verdict != reference.verdict for a in ours.values()):
        verdict = words(f"verdict.{reference.verdict}")
        said.append(words("compare.reference_says", verdict=verdict))
    return said
