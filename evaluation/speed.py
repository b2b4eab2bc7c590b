"""README's tables of what benchmarks/ measured."""

import json
from typing import Any

from evaluation.results import RESULTS, rows

APART = ("load", "soak")  # a table each


def crowd() -> str:
    """A crowd before each app: answers, errors, how soon, from how much memory."""
    found = _read("load")
    lines = []
    for app, case in found["cases"].items():
        for people, one in case["sides"].items():
            value = {name: each["value"] for name, each in one.items()}
            lines.append(
                f"{app} | {people.split()[0]} | {value['completed']} | {value['errors']} | "
                f"{value['answer p50']:.1f} s | {value['answer p95']:.1f} s | "
                f"{value['memory before']:.0f} MiB | {value['memory after']:.0f} MiB"
            )
    head = "app | people at once | right answers | errors | p50 | p95 | memory before | after"
    growth = ", ".join(f"{app} {case['value']:.2f}" for app, case in found["cases"].items())
    told = f"p95 of the largest crowd over one person's, by the number of people: {growth}."
    return rows(head, *lines) + f"\n`{found['command']}`. {told}\n"


def soak() -> str:
    """Half an hour of people who come and go: what memory did."""
    found = _read("soak")
    lines = []
    for app, one in found["apps"].items():
        slope, memory = one["slope"], [sample["MiB"] for sample in one["memory"]]
        lines.append(
            f"{app} | {one['minutes']:g} | {one['answers']} | {one['errors']} | "
            f"{memory[0]:.0f} MiB | {max(memory):.0f} MiB | {memory[-1]:.0f} MiB | "
            f"{slope['value']:+.2f} ± {slope['standard_error']:.2f} MiB"
        )
    head = (
        "app | minutes | right answers | errors | memory at first | at most | at last | "
        "growth per 100 answers"
    )
    return rows(head, *lines) + f"\n`{found['command']}`\n"


def _read(name: str) -> dict[str, Any]:
    text = (RESULTS / "benchmarks" / f"{name}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def benchmarks() -> str:
    """What each script of benchmarks/ measured: its ratio, what was wanted, and both sides."""
    lines = []
    for path in sorted((RESULTS / "benchmarks").glob("*.json")):
        if path.stem in APART:
            continue
        found = json.loads(path.read_text(encoding="utf-8"))
        for name, case in found.get("cases", {"": found}).items():
            sides = ", ".join(_medians(side, one) for side, one in case["sides"].items())
            command = f"`{found['command']}`" + (f" ({name})" if name else "")
            lines.append(f"{command} | {case['value']:.2f} | {found.get('target', '')} | {sides}")
    return rows("command | ratio | wanted | medians", *lines)


def _medians(side: str, one: dict[str, Any]) -> str:
    """One side's median, or its medians at several moments."""
    if "value" in one:
        return f"{side} {one['value']:.3g} {one['unit']}"
    resident = {when: at for when, at in one.items() if not when.endswith("at most")}
    told = ", ".join(f"{when} {at['value']:.3g} {at['unit']}" for when, at in resident.items())
    return f"{side}: {told}"
