"""The verb *archive*, and what is noted of the files that archived messages go to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crossdock.domain.errors import StoreError
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

    def forget_archived(self, row_ids: Sequence[int]) -> int:
        """Remove messages and their history from the archive for good; return how many were there."""
        ids = {"ids": json.dumps(row_ids)}
        removed = self.run(statements.purge_archived, ids)
        self.run(statements.purge_log, ids)
        self.drop_payloads(payload for (payload,) in removed)
        return len(removed)

    def begin_file(self, name: str, folder: str, app: str) -> bool:
        """Note that a file is about to be written; False: another process writes one for the app, or has the name."""
        given: dict[str, Any] = {"name": name, "folder": folder, "app": app}
        return bool(self.run(statements.begin_file, {**given, "now": self.now_text, "who": self.who}))

    def take_out(self, name: str, facts: FileFacts, row_ids: Sequence[int]) -> bool:
        """Remove rows of the archive, with their history, and note that they are in a file now.

        Returns:
            False: the file was given up meanwhile; nothing was changed.

        Raises:
            StoreError: One of the rows is not there any more; nothing may be changed.
        """
        if not self.run(statements.take_out, {**_parameters(facts), "name": name}):
            return False
        removed = self.forget_archived(row_ids)
        if removed != len(row_ids):
            raise StoreError(
                f"{len(row_ids) - removed} of {len(row_ids)} messages left the archive while the file {name} was "
                f"written; it does not count, and those that are left go to another"
            )
        return True

    def end_file(self, name: str, facts: FileFacts) -> None:
        """Note that a file is whole and on the disk, and what was written to it is not in the archive any more."""
        self.run(statements.end_file, {**_parameters(facts), "name": name, "now": self.now_text})

    def give_up_file(self, name: str) -> bool:
        """Let a file never count that was begun; False: its messages are in it alone, so it counts."""
        return bool(self.run(statements.give_up_file, {"name": name, "now": self.now_text}))

    def drop_file(self, name: str) -> None:
        """Forget a file that was given up."""
        self.run(statements.drop_file, {"name": name})


def _parameters(facts: FileFacts) -> dict[str, Any]:
    return {"rows": facts.row_count, "size": facts.file_size, "checksum": facts.checksum}
