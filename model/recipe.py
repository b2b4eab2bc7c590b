"""TrainConfig: everything that decides what a training gives, in one frozen dataclass."""

import dataclasses
import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from model.errors import MarginScopeError
from model.margins import LOSSES, Margin

# What decides how a training runs, not what is learned, but for the last bit of the weights.
RUNTIME = ("device", "precision", "compile", "threads", "workers", "save_every", "evaluate_every")


class RecipeInvalid(MarginScopeError):
    """An unknown key or an impossible value."""

    sentence = "{where}: {problem}"


@dataclass(frozen=True)
class TrainConfig:
    """The network, the loss and the schedule; a recipe sets fields, flags override them."""

    loss: str = "arcface"
    """Row of the table of losses: softmax, norm-softmax, sphereface, cosface or arcface."""
    scale: float | None = None
    """s, which multiplies the logits; the table's where not given."""
    multiply: float | None = None
    """m1, which multiplies the target angle; the table's where not given."""
    add_angle: float | None = None
    """m2, added to the target angle, in radians; the table's where not given."""
    add_cosine: float | None = None
    """m3, taken from the target cosine; the table's where not given."""
    ramp: float = 0.33
    """Share of the schedule, stop_after aside, over which the margin grows to its full size."""

    input_size: int = 64
    """Side of the network's input in pixels; aligned faces have 112."""
    width: int = 32
    """Channels of the first stage; each later one has twice as many."""
    blocks: tuple[int, int, int, int] = (2, 2, 2, 2)
    """Residual blocks in each of the four stages."""
    plain: bool = False
    """Leave out the shortcuts: the plain twin of the residual network."""
    dimension: int = 256
    """D, the length of an embedding."""
    dropout: float = 0.0
    """Share of the flattened features left out at each step."""

    epochs: int = 90
    """Passes over the training images that the one-cycle schedule and the ramp are laid out for."""
    stop_after: int = 38
    """Epochs after which to stop: the average of weights is best while the steps are large."""
    batch_size: int = 64
    """Images a step."""
    learning_rate: float = 0.1
    """The peak of the one-cycle schedule (SGD)."""
    warm_up: float = 0.3
    """Share of the schedule over which the learning rate rises to that peak."""
    momentum: float = 0.9
    """Nesterov momentum of SGD."""
    weight_decay: float = 5e-4
    """On all weights, the class centres included."""
    averaging: float = 0.9985
    """Decay a step of the exponential average of weights, which is what is evaluated and kept."""
    min_images: int = 2
    """A person with fewer images is not trained on."""

    degrees: float = 10.0
    """Augmentation: rotation at random, up to this either way."""
    zoom: float = 0.1
    """Augmentation: larger or smaller at random, up to this share."""
    translate: float = 0.04
    """Augmentation: shifted at random, up to this share of the side."""
    jitter: float = 0.3
    """Augmentation: brightness, contrast and saturation changed at random, up to this share."""
    grey: float = 0.1
    """Augmentation: probability that a face loses its colours."""
    erase: float = 0.5
    """Augmentation: probability that a rectangle is erased."""

    seed: int = 0
    """Of initialisation, order, augmentation and dropout."""
    device: str = "auto"
    """auto, cpu or cuda (cuda is written with care and untried: no GPU was at hand)."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the network's convolutions; auto: bfloat16 where the processor computes in it."""
    compile: bool = False
    """torch.compile the network: no gain on our CPUs, untried on a GPU."""
    threads: int = 0
    """CPU threads; 0 leaves it to PyTorch. The same number is needed to resume bit for bit."""
    workers: int = 0
    """Processes that prepare batches; 0 prepares them between steps."""
    save_every: int = 50
    """Steps between two saved states."""
    evaluate_every: int = 4
    """Epochs between two evaluations on validation pairs."""

    def __post_init__(self) -> None:
        for wrong, problem in self._checks():
            if wrong:
                raise RecipeInvalid(where="recipe", problem=problem)

    def _checks(self) -> list[tuple[bool, str]]:
        def outside(name: str, low: float, high: float) -> tuple[bool, str]:
            value = getattr(self, name)
            wrong = value is not None and not low <= value <= high
            return wrong, f"{name} = {value} is not within {low:g}..{high:g}"

        return [
            (
                self.loss not in LOSSES,
                f"loss = {self.loss!r} is not one of {', '.join(LOSSES)}",
            ),
            outside("scale", 1e-3, 1000),
            outside("multiply", 1, 4),
            outside("add_angle", 0, 1.5),
            outside("add_cosine", 0, 1),
            (
                self.loss == "softmax"
                and (self.multiply, self.add_angle, self.add_cosine) != (None, None, None),
                "softmax has no margin to set: take norm-softmax or another row",
            ),
            *(outside(name, 0, 1) for name in ("ramp", "warm_up", "translate", "jitter", "grey")),
            outside("zoom", 0, 0.9),
            outside("seed", 0, 2**62),
            (
                self.device not in ("auto", "cpu", "cuda"),
                f"device = {self.device!r} is not one of auto, cpu, cuda",
            ),
            *(outside(name, 0, 1) for name in ("erase", "momentum", "weight_decay")),
            *(outside(name, 0, 0.9999) for name in ("dropout", "averaging")),
            outside("degrees", 0, 180),
            outside("input_size", 16, 112),
            (self.input_size % 16 != 0, f"input_size = {self.input_size} is no multiple of 16"),
            outside("width", 4, 256),
            outside("dimension", 2, 1024),
            (min(self.blocks) < 1, f"blocks = {self.blocks}: each stage needs one or more"),
            outside("epochs", 1, 10_000),
            outside("stop_after", 1, 10_000),
            outside("batch_size", 2, 4096),
            outside("learning_rate", 1e-6, 10),
            outside("min_images", 1, 1000),
            (
                self.precision not in ("auto", "float32", "bfloat16"),
                f"precision = {self.precision!r} is not one of auto, float32, bfloat16",
            ),
            outside("threads", 0, 1024),
            outside("workers", 0, 256),
            outside("save_every", 1, 1_000_000),
            outside("evaluate_every", 1, 10_000),
        ]

    @property
    def last_epoch(self) -> int:
        """The number of epochs that are taken."""
        return min(self.epochs, self.stop_after)

    @property
    def final_scale(self) -> float:
        """s, from the recipe or the table."""
        return LOSSES[self.loss].scale if self.scale is None else self.scale

    @property
    def final_margin(self) -> Margin | None:
        """The margin after the ramp, from the recipe or the table; None for softmax."""
        row = LOSSES[self.loss].margin
        if row is None:
            return None
        return Margin(
            multiply=row.multiply if self.multiply is None else self.multiply,
            add_angle=row.add_angle if self.add_angle is None else self.add_angle,
            add_cosine=row.add_cosine if self.add_cosine is None else self.add_cosine,
        )


def resolved(config: TrainConfig) -> dict[str, Any]:
    """The recipe as a Card and a saved state keep it: scale and margin as numbers, not by name."""
    margin = config.final_margin
    values = dataclasses.asdict(config) | {"scale": config.final_scale}
    values |= dataclasses.asdict(margin) if margin is not None else {}
    return values | {"blocks": list(config.blocks)}


def recipe_hash(config: TrainConfig) -> str:
    """The sha256 that names a recipe, whatever its seed and however it runs."""
    values = {k: v for k, v in resolved(config).items() if k not in (*RUNTIME, "seed")}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def read_recipe(path: Path) -> TrainConfig:
    """The TrainConfig of a TOML file; RecipeInvalid names an unknown key or a wrong value."""
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeInvalid(where=path, problem=f"cannot be read ({error})") from None
    return config_from(values, where=str(path))


def config_from(values: dict[str, Any], where: str) -> TrainConfig:
    """A TrainConfig from plain values, such as a recipe's or a Card's.

    A whole number becomes a float where the field is one, so that 24 and 24.0 are one recipe.
    """
    known = {field.name: field for field in dataclasses.fields(TrainConfig)}
    for key in values:
        if key not in known:
            problem = f"unknown key {key!r}; known are {', '.join(known)}"
            raise RecipeInvalid(where=where, problem=problem)
    if isinstance(values.get("blocks"), list):
        values = {**values, "blocks": tuple(values["blocks"])}
    for key, value in values.items():
        if not _fits(value, known[key].default):
            problem = f"{key} = {value!r} has the wrong type; the default is {known[key].default!r}"
            raise RecipeInvalid(where=where, problem=problem)
    try:
        config = TrainConfig(**values)
    except RecipeInvalid as error:
        raise RecipeInvalid(where=where, problem=error.fields["problem"]) from None
    floats: dict[str, Any] = {
        key: float(value)
        for key, value in values.items()
        if isinstance(value, int) and _is_float(known[key].default)
    }
    return dataclasses.replace(config, **floats)


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, bool):
        return isinstance(value, bool)
    if _is_float(default):
        return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    if isinstance(default, tuple):
        return (
            isinstance(value, tuple)
            and len(value) == len(default)
            and all(isinstance(v, int) for v in value)
        )
    return isinstance(value, type(default)) and not isinstance(value, bool)


def _is_float(default: Any) -> bool:
    return default is None or isinstance(default, float)  # those that default to None are floats
