"""What serving needs of the environment that builds, with what that needs itself, all pinned."""

from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

# Of requirements.txt: what trains, measures and prepares. A page imports none of it.
UNSERVED = {
    "scikit-learn", "scipy", "tensorboard", "threadpoolctl", "tqdm", "tyro", "umap-learn",
}  # fmt: skip
# What PyPI's torch needs of CUDA, which PyTorch's own wheels for a CPU do without: left to pip.
CUDA = ("cuda-", "nvidia-", "triton")


def required(file: Path, without: Iterable[str]) -> list[Requirement]:
    """The lines of a requirements file that hold here, but for the names in `without`."""
    lines = [line.partition("#")[0].strip() for line in file.read_text("utf-8").splitlines()]
    found = [Requirement(line) for line in lines if line]
    return [
        need for need in found
        if canonicalize_name(need.name) not in {*without}
        and (need.marker is None or need.marker.evaluate())
    ]  # fmt: skip


def closure(needed: Iterable[Requirement]) -> dict[str, str]:
    """Version by name of the needed distributions and of all that they need, as installed here.

    Local versions lose their ending ("2.9.1+cpu"), so that any index can give them.
    PackageNotFoundError names what is not installed.
    """
    found: dict[str, str] = {}
    seen = set()
    waiting = list(needed)
    while waiting:
        need = waiting.pop()
        name = canonicalize_name(need.name)
        if name.startswith(CUDA) or (name, *sorted(need.extras)) in seen:
            continue
        seen.add((name, *sorted(need.extras)))
        installed = distribution(name)
        found[name] = Version(installed.version).public
        for line in installed.requires or ():
            inner = Requirement(line)
            extras = ({"extra": extra} for extra in ("", *need.extras))
            if inner.marker is None or any(inner.marker.evaluate(one) for one in extras):
                waiting.append(inner)
    return dict(sorted(found.items()))
