"""Which sources are connected, and what is said of each that is no secret; kept in the home."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from crossdock import ConfigError
from task_priority.private_file import replace_file

_NEXT_STEP: Final = "mend it, or remove it and connect again"


class Connections:
    """The connected sources, by name, each with its options: any JSON object.

    Args:
        file: Where they are kept; it is replaced in one step.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def all(self) -> Mapping[str, Mapping[str, Any]]:
        """Return them in order of their names.

        Raises:
            ConfigError: The file is damaged.
        """
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise ConfigError(f"{self._file}: not JSON: {error}; {_NEXT_STEP}") from error
        if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
            raise ConfigError(f"{self._file}: expected an object for each source; {_NEXT_STEP}")
        return dict(sorted(found.items()))

    def put(self, name: str, options: Mapping[str, Any]) -> None:
        """Connect a source, or change what is said of it."""
        self._write({**self.all(), name: dict(options)})

    def remove(self, name: str) -> bool:
        """Disconnect a source; tell whether it was connected."""
        left = {other: options for other, options in self.all().items() if other != name}
        if len(left) == len(self.all()):
            return False
        self._write(left)
        return True

    def _write(self, connections: Mapping[str, Mapping[str, Any]]) -> None:
        replace_file(self._file, json.dumps(connections, indent=2, ensure_ascii=False))
