"""The verb *archive*, and what is noted of the files that archived messages go to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crossdock.store import statements
from crossdock.store.payloads import Payloads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.domain.archive import FileFacts


class Archiving(Payloads):
    """Moves what is finished out of the way; its history stays readable until it goes to a file, which has it too."""

    def archive(self, row_ids: Sequence[int]) -> int:
        """Move completed messages to the archive; return how many, for some may have been replayed meanwhile."""
        ids = {"ids": json.dumps(row_ids)}
        self.run(statements.archive_rows, {**ids, "now": self.now_text})
        return len(self.run(statements.drop_staged, ids))

    def forget_archived(self, row_ids: Sequence[int]) -> None:
        """Remove messages and their history from the archive for good."""
        ids = {"ids": json.dumps(row_ids)}
        removed = self.run(statements.purge_archived, ids)
        self.run(statements.purge_log, ids)
        self.drop_payloads(payload for (payload,) in removed)

    def begin_file(self, name: str, folder: str, app: str) -> None:
        """Note that a file is about to be written."""
        given: dict[str, Any] = {"name": name, "folder": folder, "app": app}
        self.run(statements.begin_file, {**given, "now": self.now_text, "who": self.who})

    def end_file(self, name: str, facts: FileFacts) -> None:
        """Note that a file is whole and on the disk, and what was written to it is not in the archive any more."""
        given = {"rows": facts.row_count, "size": facts.file_size, "checksum": facts.checksum}
        self.run(statements.end_file, {**given, "name": name, "now": self.now_text})

    def drop_file(self, name: str) -> None:
        """Forget a file that was begun and never written."""
        self.run(statements.drop_file, {"name": name})
