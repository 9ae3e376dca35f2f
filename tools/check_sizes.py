"""Fails when a module or a function grows past what a reader can hold in mind.

A module that must be longer is listed in pyproject.toml under ``[tool.crossdock.long-modules]`` with its
reason; one that no longer needs to be listed fails too, so that the list only shrinks.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("src", "tests", "tools", "benchmarks", "examples")
MODULE_LINES = 400
FUNCTION_LINES = 60


def main() -> int:
    """Print what is too long; the number of findings decides the exit code."""
    findings = [*long_modules(listed()), *long_functions()]
    print(
        "\n".join(findings)
        or f"sizes: no module over {MODULE_LINES} lines, no function over {FUNCTION_LINES}"
    )
    return bool(findings)


def modules() -> Iterator[tuple[str, str]]:
    """Yield path and text of every module that people read."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def listed() -> dict[str, str]:
    """Read the modules that may be long, each with its reason."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    reasons: dict[str, str] = settings["tool"].get("crossdock", {}).get("long-modules", {})
    return reasons


def long_modules(allowed: dict[str, str]) -> Iterator[str]:
    """Yield the modules over the limit that nobody gave a reason for, and the reasons nobody needs."""
    long = {path: lines for path, text in modules() if (lines := text.count("\n")) > MODULE_LINES}
    for path, lines in long.items():
        if not allowed.get(path):
            yield f"{path}: {lines} lines, over {MODULE_LINES}: split it, or list it with its reason"
    for path in allowed.keys() - long.keys():
        yield f"pyproject.toml: {path} is listed as a long module and is none: take it off"


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines of a function are its docstring."""
    first = node.body[0]
    if ast.get_docstring(node) is None:
        return 0
    return (first.end_lineno or first.lineno) - first.lineno + 1


def long_functions() -> Iterator[str]:
    """Yield the functions over the limit, counted with their signature and without their docstring."""
    for path, text in modules():
        for node in ast.walk(ast.parse(text, filename=path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1 - docstring_lines(node)
                if lines > FUNCTION_LINES:
                    yield f"{path}:{node.lineno}: {node.name} has {lines} lines, over {FUNCTION_LINES}"


if __name__ == "__main__":
    sys.exit(main())
