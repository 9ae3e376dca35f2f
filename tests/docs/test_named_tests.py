"""Tests that the documents name are there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.pages import DOCS

TESTS = Path(__file__).parents[1]
NAMED = re.compile(r"`(test_\w+)`")


def test_named_tests_are_there() -> None:
    named = set(NAMED.findall((DOCS / "explanation" / "ranking.md").read_text(encoding="utf-8")))
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in (TESTS / "task_priority").rglob("test_*.py")
    )
    assert named
    assert named <= set(re.findall(r"def (test_\w+)", code))
