"""The keys of ``[retention]`` and ``[apps.NAME.retention]``."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, TypeAlias

from pydantic import Field

from crossdock.config.table import Duration, Expected, Flag, Size, Table
from crossdock.domain.retention import Keep

AtMost: TypeAlias = Annotated[int, Field(ge=0), Expected("a whole number of 0 or more")]
Folder: TypeAlias = Annotated[str, Field(min_length=1), Expected('the path of a folder, such as "archive"')]


class AppRetentionTable(Table):
    """How many completed messages stay in the queue. A key that is left out is inherited."""

    completed_for: Duration | None = Field(
        default=None, description="They are archived when they ended longer ago than this."
    )
    max_completed: AtMost | None = Field(
        default=None,
        description="Of those that are younger only the newest so many stay. Left out: all.",
    )
    max_completed_bytes: Size | None = Field(
        default=None,
        description=(
            "And only the newest whose data takes so much space together, each with 512 bytes for the rest of its row. "
            "Left out: all."
        ),
    )

    def over(self, base: Keep) -> Keep:
        """Return ``base`` with the keys that are set here."""
        return Keep(
            completed_for=base.completed_for if self.completed_for is None else self.completed_for,
            max_completed=base.max_completed if self.max_completed is None else self.max_completed,
            max_completed_bytes=(
                base.max_completed_bytes if self.max_completed_bytes is None else self.max_completed_bytes
            ),
        )


class RetentionTable(AppRetentionTable):
    """What becomes of completed messages. Dead letters are never touched."""

    automatic: Flag = Field(
        default=True,
        description="Let the processes of the store do it by themselves; else only crossdock queue archive does.",
    )
    completed_for: Duration | None = Field(
        default=timedelta(days=7),
        description="They stay in their queue for so long after they ended; then they are archived.",
    )
    archived_for: Duration = Field(
        default=timedelta(days=30),
        description="They stay in the table of the archive for so long; then they go to files.",
    )
    dedup_for: Duration = Field(
        default=timedelta(days=30),
        description=(
            "A message that is sent again within so long after its archiving is known as a duplicate. It stays in the "
            "table until then, even if archived_for is shorter."
        ),
    )
    max_archived_bytes: Size | None = Field(
        default=None,
        description=(
            "If what an app has in the table of the archive takes more space, measured likewise, the oldest go to "
            "files before archived_for is over, though not before dedup_for is. Left out: never."
        ),
    )
    to_files: Flag = Field(
        default=True, description="Write files; else what is archived stays in the table of the archive."
    )
    folder: Folder | None = Field(
        default=None,
        description=(
            "Where the files go. A relative path counts from the folder of the configuration file. Left out: a "
            "folder beside the store, its name followed by .archive; on PostgreSQL there are no files then."
        ),
    )
