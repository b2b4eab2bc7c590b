"""The folder has what the app opens, and nothing that it does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hosting.sources import measured, modules, read_beside

ROOT = Path(__file__).resolve().parents[2]
# Visits each page and each step of the lesson, in both languages, with two photos uploaded. Prints
# what was opened there, as paths in the folder.
VISIT = """
import os, sys
from pathlib import Path
opened = set()

def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str | os.PathLike):
        opened.add(os.path.realpath(arguments[0]))

sys.addaudithook(watch)
from streamlit.testing.v1 import AppTest
from demo.assets import PORTRAITS
from demo.pages.lesson import STEPS
app = AppTest.from_file("app.py", default_timeout=200).run()
for side, path in zip(("left", "right"), PORTRAITS):
    uploader = next(u for u in app.file_uploader if u.key.startswith(f"file-{side}"))
    app = uploader.upload("birthday.png", path.read_bytes(), "image/png").run()
assert not app.exception, app.exception
visits = [(page, {"lang": "ko"}) for page in PAGES]
visits += [("lesson.lesson_page", {"lesson-step": str(i + 1)}) for i in range(len(STEPS))]
for page, query in visits:
    module, function = page.split(".")
    app = AppTest.from_string(f"from demo.pages.{module} import {function} as page; page()",
                              default_timeout=200)
    for key, value in query.items():
        app.query_params[key] = value
    app = app.run()
    assert not app.exception, (page, query, app.exception)
inside = [Path(path) for path in opened if Path(path).is_relative_to(Path.cwd())]
print("\\n".join(str(path.relative_to(Path.cwd())) for path in inside))
"""
PAGES = [
    "compare.compare_page", "sphere_page.sphere_page", "margin.margin_page", "lab.lab_page",
    "playback.playback_page", "results.results_page",
]  # fmt: skip
FOR_PEOPLE = {".gitattributes", "Dockerfile", "LICENSE", "README.md", "assets/LICENSE"}


def opened(folder: Path, nothing: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"PAGES = {PAGES}\n{VISIT}"],
        cwd=folder, capture_output=True, text=True, timeout=900,
        env=os.environ | {"MARGINSCOPE_DATA": str(nothing), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return set(done.stdout.split())


def test_each_file_that_is_no_python_is_opened_by_a_page(space, tmp_path):
    """Python files apart, for some of them wait for a click."""
    folder = space("streamlit")
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    unread = {path for path in there - opened(folder, tmp_path) if not path.endswith(".py")}
    assert unread == FOR_PEOPLE | {"requirements.txt"}


def test_each_result_that_a_page_opens_here_is_there(space, tmp_path):
    found = opened(ROOT, tmp_path)
    shown = {path for path in found if path.startswith("results/") and (ROOT / path).is_file()}
    assert len(shown) >= 9
    assert shown == {f"results/{p.name}" for p in (space("streamlit") / "results").iterdir()}


@pytest.mark.parametrize("kind", ["streamlit", "gradio", "zerogpu"])
def test_what_tests_trains_and_measures_stays_at_home(space, kind):
    found = {path.relative_to(space(kind)).parts[0] for path in space(kind).iterdir()}
    start = {"app.py", "Dockerfile", ".streamlit"}
    if kind != "streamlit":
        start = {"gradio_app.py", "app_hosted.py"}
    files = {"README.md", "LICENSE", ".gitattributes", "requirements.txt"}
    assert found - {"results"} == start | files | {"assets", "demo", "model"}
    for path in ("model/state.py", "model/sets.py", "model/folds.py", "assets/reference.json"):
        assert not (space(kind) / path).exists()


@pytest.fixture
def house(tmp_path) -> Path:
    """A small repository: an app with a page that reads a script, a style and two results."""
    for path, text in {
        "app.py": "from demo.pages import one\nimport json",
        "demo/__init__.py": "",
        "demo/pages/__init__.py": "",
        "demo/pages/one.py": "def page():\n    from model.inner import deep\n    read('one.js')",
        "demo/pages/two.py": "import model.unused",
        "demo/pages/one.js": "", "demo/pages/two.css": "", "demo/text/one.toml": "",
        "model/__init__.py": "",
        "model/inner/__init__.py": "", "model/inner/deep.py": "from demo.a import results\n"
        "OTHER = 'gamma'\nresults('alpha')\n",
        "model/unused.py": "",
        "demo/a.py": "NAMES = ('beta', 'delta')\n[results(name) for name in NAMES]",
        "results/alpha.json": "", "results/beta.json": "", "results/gamma.json": "",
    }.items():  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_imports_are_followed_into_functions_and_packages(house):
    found = modules(house, "app.py")
    assert found == {
        "app.py", "demo/__init__.py", "demo/pages/__init__.py", "demo/pages/one.py", "demo/a.py",
        "model/__init__.py", "model/inner/__init__.py", "model/inner/deep.py",
    }  # fmt: skip
    assert read_beside(house, found) == {"demo/pages/one.js", "demo/text/one.toml"}
    assert measured(house, found) == {"results/alpha.json", "results/beta.json"}
