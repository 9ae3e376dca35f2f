"""The port to the pages of a store's file, for who examines them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Examination(Protocol):
    """A look at every page of a file, once.

    ``run`` and then ``close`` are called in a thread of their own, ``interrupt`` and ``hindrance`` meanwhile, or later,
    from another.
    """

    def run(self) -> list[str] | None:
        """Look; return what is damaged (nothing: the file is sound), or None if ``interrupt`` came before the end.

        Raises StoreError if the file cannot be read.
        """

    def interrupt(self) -> None:
        """Let ``run`` end soon; to be called again and again until it has."""

    def hindrance(self) -> str | None:
        """Return why it must not go on, if it stands in the way of the store's work; cheap."""

    def close(self) -> None:
        """Release the file."""


class Examinations(Protocol):
    """The examinations of a store, and what is known of the last one."""

    @property
    def left_open(self) -> bool:
        """Whether a process that had the store open has died since the last examination that came to its end began."""

    def examined_at(self) -> datetime | None:
        """Return when the file was last examined and sound; None: never, or nobody knows."""

    def begin(self) -> Examination:
        """Begin one; raises StoreError if the file cannot be opened, or if now nobody could write meanwhile."""

    def note_sound(self, at: datetime) -> None:
        """Note that an examination that began ``at`` came to its end and found no damage."""

    def note_damaged(self, found: list[str], at: datetime) -> str:
        """Stop every process of the store, now and when it is started again; return what a person is told."""
