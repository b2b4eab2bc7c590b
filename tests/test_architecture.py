"""The house's rules, read from the imports and the literals with ast."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = {"app", "train", "evaluate", "compare"}
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
SCREENS = {"streamlit", "gradio", "plotly"}
FILES = sorted(
    path
    for path in ROOT.rglob("*.py")
    if not {".venv", "tests", "runs", ".cache"} & set(path.relative_to(ROOT).parts)
)


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def inside(folder: str) -> list[Path]:
    return [path for path in FILES if path.relative_to(ROOT).parts[0] == folder]


def test_there_is_something_to_read():
    assert len(inside("model")) > 10
    assert len(inside("demo")) > 5


@pytest.mark.parametrize("path", inside("model"), ids=lambda p: p.name)
def test_the_mathematics_knows_no_screen(path: Path):
    assert not roots(path) & (SCREENS | SCRIPTS | {"demo", "evaluation"})


@pytest.mark.parametrize("path", inside("demo"), ids=lambda p: p.name)
def test_what_a_person_sees_imports_no_script(path: Path):
    assert not roots(path) & (SCRIPTS | {"evaluation"})


MEASURING = [ROOT / "train.py", ROOT / "evaluate.py", *inside("evaluation")]


@pytest.mark.parametrize("path", MEASURING, ids=lambda p: p.name)
def test_what_trains_and_measures_knows_the_model_alone(path: Path):
    assert not roots(path) & (SCREENS | {"demo", "app", "compare"})


def test_the_service_has_no_screen_library():
    for path in (ROOT / "demo").glob("*.py"):
        assert not roots(path) & (SCREENS - {"plotly"}), path.name
    for name in ("service.py", "assets.py", "language.py", "session.py", "api.py", "turns.py"):
        assert not roots(ROOT / "demo" / name) & SCREENS, name


def test_each_app_has_a_screen_library_of_its_own():
    for folder, other in (("pages", "gradio"), ("tabs", "streamlit")):
        for path in (ROOT / "demo" / folder).glob("*.py"):
            assert other not in roots(path), path.name


def test_figures_are_made_without_streamlit():
    for path in (ROOT / "demo" / "figures").glob("*.py"):
        assert not roots(path) & {"streamlit", "gradio"}, path.name


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_is_unpickled_and_umap_stays_in_its_place(path: Path):
    assert not roots(path) & {"pickle", "dill", "cloudpickle", "shelve"}
    assert "umap" not in roots(path) or path.name == "sphere.py"
    source = path.read_text(encoding="utf-8")
    assert "torch.load(" not in source
    assert "allow_pickle=True" not in source


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_are_of_a_size_to_read(path: Path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 300
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, FUNCTIONS):
            lines = node.end_lineno - node.lineno + 1
            limit = 80 if node.name == "train" else 60  # train() is the story
            assert lines <= limit, f"{node.name} has {lines} lines"


def test_no_page_writes_a_sentence_of_its_own():
    """A literal with two words in it is a sentence, unless it is a docstring, a key or HTML."""
    screens = [*(ROOT / "demo" / "pages").glob("*.py"), *(ROOT / "demo" / "tabs").glob("*.py")]
    for path in [*screens, ROOT / "app.py", ROOT / "gradio_app.py"]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | FUNCTIONS | ast.ClassDef)
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if id(node) in docstrings or node.value.lstrip().startswith(("<", '"')):
                continue
            words = [w for w in node.value.split() if any(c.isalpha() for c in w)]
            assert len(words) < 2, f"{path.name}: {node.value!r}"
