"""Which files of the repository an app needs: the modules it imports, and what these read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

READ = {".js", ".css", ".html", ".toml"}  # what demo/ reads beside its modules
ASSETS = "demo/assets.py"
RESULTS = {"results", "measured"}  # its functions that read results/


def modules(root: Path, *entries: str) -> set[str]:
    """The repository's own files that running `entries` may import, as paths below `root`.

    Imports are read with ast, those inside functions too; a package's __init__.py comes along.
    """
    found: set[str] = set()
    waiting = list(entries)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            names = imported(ast.parse((root / path).read_text(encoding="utf-8")))
            waiting += [file for name in names for file in _files(root, name)]
    return found


def imported(tree: ast.AST) -> Iterator[str]:
    """The dotted names that a module may import; of `from a import b` both a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files(root: Path, name: str) -> list[str]:
    parts = name.split(".")
    tried = [Path(*parts).with_suffix(".py")]
    tried += [Path(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    return [path.as_posix() for path in tried if (root / path).is_file()]


def read_beside(root: Path, modules: set[str]) -> set[str]:
    """What the modules read in demo/ that is no Python: scripts, styles, sentences.

    A file is needed where a module names it, in the folder of a module or one without any.
    """
    text = "\n".join((root / path).read_text(encoding="utf-8") for path in modules)
    folders = {Path(path).parent for path in modules}
    found = set()
    for file in (root / "demo").rglob("*"):
        folder = file.parent.relative_to(root)
        near = folder in folders or not any(file.parent.glob("*.py"))
        if file.suffix in READ and near and re.search(rf"\b{re.escape(file.stem)}\b", text):
            found.add((folder / file.name).as_posix())
    return found


def measured(root: Path, modules: set[str]) -> set[str]:
    """The results/*.json that the modules show: those they name in a call of RESULTS.

    Where a module calls one with a variable, any string of that module may be meant.
    """
    named: set[object] = set()
    for path in modules:
        nodes = list(ast.walk(ast.parse((root / path).read_text(encoding="utf-8"))))
        calls = [node for node in nodes if isinstance(node, ast.Call) and _calls_results(node)]
        literal = path == ASSETS or all(isinstance(call.args[0], ast.Constant) for call in calls)
        within = [arg for call in calls for arg in call.args] if literal else nodes
        named |= {node.value for node in within if isinstance(node, ast.Constant)}
    return {f"results/{file.name}" for file in root.glob("results/*.json") if file.stem in named}


def _calls_results(call: ast.Call) -> bool:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in RESULTS and bool(call.args)
