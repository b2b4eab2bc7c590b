"""Write a folder that can be pushed as a Hugging Face Space.

python -m hosting.build streamlit ~/my-space
python -m hosting.build gradio ~/my-space
python -m hosting.build zerogpu ~/my-space
"""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from huggingface_hub import SpaceCardData

from hosting.anonymous import anonymise
from hosting.pins import UNSERVED, closure, required
from hosting.sources import measured, modules, read_beside
from model.errors import MarginScopeError

ROOT = Path(__file__).resolve().parent.parent
SPACE = Path(__file__).resolve().parent / "space"
PYTHON = "{}.{}".format(*sys.version_info)  # of the environment whose versions are pinned
START = "app_hosted.py"
ALSO = ("LICENSE", "assets/portraits/astronaut.png", "assets/portraits/grace_hopper.jpg")
NUMBERED = "\nIn this copy the people are numbered instead of named (hosting/anonymous.py).\n"
# What takes the place of two lines of .streamlit/config.toml in a container behind the hub's proxy
CONFIG = {
    "gatherUsageStats = false\n": """gatherUsageStats = false
# A server that listens to every address would ask an outside service for its own to show.
serverAddress = "localhost"
""",
    'address = "localhost"\n': """address = "0.0.0.0"
headless = true
# The hub shows the app in a frame of another site. There this protection lets nobody upload whose
# browser keeps no cookies of framed sites (Safari, private windows, Debian's Chromium), not even
# with xsrfCookieSameSite = "none": each upload answers 403. What it is against stays out without
# it: the address of an upload holds the session's own id, which another site cannot know, and
# enableCORS, which is on, lets no other site send a PUT.
enableXsrfProtection = false
""",
}


class DestinationNotEmpty(MarginScopeError):
    """The folder to write has something in it already."""

    sentence = "{path} is not empty. Name a folder that is not there yet, or empty this one."


@dataclass(frozen=True)
class Kind:
    """One row: the app's file, the template that starts it, what it leaves out, its README's keys.

    start: a file of hosting/space that sets the hosted mode, or None where the Dockerfile does.
    """

    app: str
    start: str | None
    without: set[str]
    hub: dict[str, Any]


GRADIO = {"sdk": "gradio", "app_file": START, "python_version": PYTHON}
KINDS = {
    "streamlit": Kind("app.py", None, {"gradio"}, {"sdk": "docker", "app_port": 8501}),
    "gradio": Kind("gradio_app.py", "gradio.py", {"streamlit"}, GRADIO),
    "zerogpu": Kind(
        "gradio_app.py", "zerogpu.py", {"streamlit"}, GRADIO | {"suggested_hardware": "zero-a10g"}
    ),
}


@dataclass(frozen=True)
class Command:
    """Write a complete folder for a Space of one kind."""

    kind: Annotated[Literal["streamlit", "gradio", "zerogpu"], tyro.conf.Positional]
    dest: Annotated[Path, tyro.conf.Positional]


def main(argv: list[str]) -> int:
    """Run the command line; the exit code is 0, or 2 for what a person can mend."""
    command = tyro.cli(Command, args=argv)
    try:
        build(command.kind, command.dest)
    except MarginScopeError as error:
        print(f"hosting.build: {error}", file=sys.stderr)
        return 2
    print(f"{command.dest}: a {command.kind} Space; its README.md says how to push it")
    return 0


def build(name: str, dest: Path) -> None:
    """Write the folder `dest` for the kind `name` of KINDS.

    DestinationNotEmpty; GalleryInvalid or SafetensorError where assets/ is not sound.
    """
    kind = KINDS[name]
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise DestinationNotEmpty(path=dest)
    shipped = modules(ROOT, kind.app)
    for path in {*shipped, *read_beside(ROOT, shipped), *ALSO}:
        (dest / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, dest / path)
    instead = anonymise(ROOT / "assets", dest / "assets")
    for path in measured(ROOT, shipped):
        text = (ROOT / path).read_text(encoding="utf-8")
        _write(dest / path, _replaced(text, instead))
    licence = (ROOT / "assets/LICENSE").read_text(encoding="utf-8")
    _write(dest / "assets/LICENSE", licence + NUMBERED)
    pins = closure(required(ROOT / "requirements.txt", UNSERVED | kind.without))
    _write(dest / "requirements.txt", "".join(f"{n}=={v}\n" for n, v in pins.items()))
    _write(dest / "README.md", _readme(name, pins))
    _write(dest / ".gitattributes", _template("gitattributes"))
    if kind.start:
        _write(dest / START, _template(kind.start))
    else:
        told = {"@python": PYTHON, "@torch": pins["torch"], "@vision": pins["torchvision"]}
        _write(dest / "Dockerfile", _replaced(_template("Dockerfile"), told))
        _write(dest / ".streamlit/config.toml", _config())


def _config() -> str:
    """The repository's settings of Streamlit with those of the hub; KeyError where a line went."""
    text = (ROOT / ".streamlit/config.toml").read_text(encoding="utf-8")
    for line in CONFIG:
        if line not in text:
            raise KeyError(line)
    return _replaced(text, CONFIG)


def _readme(name: str, pins: dict[str, str]) -> str:
    """The README with the keys that the hub reads at its top."""
    hub = KINDS[name].hub
    if hub["sdk"] == "gradio":
        hub = hub | {"sdk_version": pins["gradio"]}
    card = SpaceCardData(
        title="MarginScope", license="apache-2.0", colorFrom="yellow", colorTo="blue",
        short_description="What ArcFace's angular margin does to a face embedding", **hub,
    )  # fmt: skip
    return f"---\n{card.to_yaml()}\n---\n{_replaced(_template('README.md'), {'@kind': name})}"


def _template(name: str) -> str:
    return (SPACE / name).read_text(encoding="utf-8")


def _replaced(text: str, instead: dict[str, str]) -> str:
    """The longest first, for a name may begin with another one."""
    for old in sorted(instead, key=len, reverse=True):
        text = text.replace(old, instead[old])
    return text


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
