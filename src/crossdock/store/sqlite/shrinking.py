"""Gives back space of a store's file that is not used any more, a little at a time."""

from __future__ import annotations

from typing import Any, Final

PAGES_PER_STEP: Final = 256
"""Others wait while so many pages move; a megabyte, as a rule."""
_WORTH_IT_PAGES: Final = 2048
_PART: Final = 4
"""A quarter of the file may stay unused: a queue that empties will fill again."""


def worth_it(database: Any) -> bool:
    """Tell whether so much is unused that the file should shrink."""
    free, pages = free_pages(database), _ask(database, "page_count")
    return free > max(_WORTH_IT_PAGES, pages // _PART) and can_shrink(database)


def can_shrink(database: Any) -> bool:
    """Tell whether the file was made to shrink; one that another program made may not be."""
    return bool(_ask(database, "auto_vacuum"))


def free_pages(database: Any) -> int:
    """Return how many pages are unused."""
    return _ask(database, "freelist_count")


def page_size(database: Any) -> int:
    """Return the size of a page in bytes."""
    return _ask(database, "page_size")


def shrink(database: Any) -> None:
    """Give back some pages; to be called inside a write transaction."""
    database.execute(f"PRAGMA incremental_vacuum({PAGES_PER_STEP})").fetchall()


def _ask(database: Any, pragma: str) -> int:
    (number,) = database.execute(f"PRAGMA {pragma}").fetchone()
    return int(number)
