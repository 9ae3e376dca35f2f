"""The file of what a program wrote and can be no message: nothing vanishes."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from crossdock.domain.cloudevent import instant_text
from crossdock.domain.wording import counted

if TYPE_CHECKING:
    from crossdock.ports.surroundings import Surroundings

MOST_BYTES: Final = 16 * 1024**2
_AGAIN_S: Final = 5.0


class Bad(NamedTuple):
    """A line that can be no message, and why."""

    line: bytes
    issue: str


class Rejected:
    """Sets lines aside, durably.

    Args:
        path: The file; made when it is needed.
        around: Says who and when, and is told.
    """

    def __init__(self, path: Path, around: Surroundings) -> None:
        self._path = path
        self._around = around

    async def add(self, lines: Sequence[Bad]) -> None:
        """Append lines; returns when they are on the disk, however long it takes until there is room for them."""
        text = "".join(json.dumps(self._document(one)) + "\n" for one in lines).encode()
        while (hindrance := await asyncio.to_thread(self._append, text)) is not None:
            self._around.notice(
                "process.rejected_full",
                f"{self._around.app}: lines that are no messages cannot be set aside in {self._path}: {hindrance}; "
                f"nothing is taken in until they can",
            )
            await asyncio.sleep(_AGAIN_S)
        self._around.notice(
            "process.line_rejected",
            f"{self._around.app}: {counted(len(lines), 'line')} set aside in {self._path}, as no messages; "
            f"the first: {lines[0].issue}",
        )

    def _document(self, bad: Bad) -> dict[str, Any]:
        known = {"at": instant_text(self._around.now()), "app": self._around.app, "issue": bad.issue}
        try:
            return known | {"line": bad.line.decode()}
        except UnicodeDecodeError:
            return known | {"line_base64": base64.b64encode(bad.line).decode()}

    def _append(self, text: bytes) -> str | None:
        """Append to the file; return what hinders that."""
        try:
            with self._path.open("ab") as file:
                if file.tell() + len(text) > MOST_BYTES and file.tell():
                    return (
                        f"it has {file.tell()} bytes, and may have {MOST_BYTES}: look at it and move it away"
                    )
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            return str(error.strerror)
        return None
