from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from crossdock.config import Loaded, load


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty folder the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def loading(folder: Path) -> Callable[..., Loaded]:
    """Load a crossdock.toml of the given text, in the given environment."""

    def loading(text: str | None = None, environ: Mapping[str, str] | None = None, **options: Any) -> Loaded:
        if text is not None:
            (folder / "crossdock.toml").write_text(text, encoding="utf-8")
        return load(environ=environ or {}, **options)

    return loading
