"""Changes that are made only if what they change is still as their caller has read it: ``If-Match``.

What is only read is compared weakly (``If-None-Match``), what is changed strongly: ``W/"1"`` never allows a change.

An operation that changes what has an ETag takes the header ``IfMatch`` and makes its change through
``change_if_still``, so that the state is compared inside the transaction that changes it. What would overwrite the
state demands the header.

Source: RFC 9110, sections 8.8.3.2, 13.1.1 and 13.1.2; RFC 6585, section 3.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from crossdock.api.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.api.state import Caller
    from crossdock.domain.record import Record
    from crossdock.ports.store import Transaction

T = TypeVar("T")
S = TypeVar("S")
_WEAK: Final = "W/"
_TAG: Final = re.compile(r'(?:W/)?"[^"]*"')


def tag_of(record: Record) -> str:
    """Return what names the state of a message."""
    return f'"{record.row_id}-{record.revision}"'


def demand_match(tag: str, if_match: str | None, what: str) -> None:
    """Make sure that a change is for the state that its caller has read.

    Raises:
        Refusal: The caller did not say, or means another.
    """
    if if_match is None:
        raise Refusal("PRECONDITION_REQUIRED", "send If-Match with the ETag of what you have read, or *")
    check_match(tag, if_match, what)


def check_match(tag: str, if_match: str | None, what: str) -> None:
    """Make sure that a change is for the state that its caller has read, if the caller said which.

    Raises:
        Refusal: The caller means another.
    """
    if if_match is not None and not is_any(if_match) and not _matches_strongly(tag, if_match):
        raise changed(what)


def is_any(tags: str | None) -> bool:
    """Tell whether a header means any state."""
    return tags is not None and tags.strip() == "*"


def matches_weakly(tag: str, tags: str) -> bool:
    """Tell whether a header names a tag, whatever of both is weak."""
    return tag.removeprefix(_WEAK) in {one.removeprefix(_WEAK) for one in _TAG.findall(tags)}


def _matches_strongly(tag: str, tags: str) -> bool:
    """Tell whether a header names a tag, and neither is weak."""
    return not tag.startswith(_WEAK) and tag in _TAG.findall(tags)


def changed(what: str) -> Refusal:
    """Return the refusal of a change that is for an earlier state."""
    return Refusal("PRECONDITION_FAILED", f"the {what} was changed meanwhile; read it again")


async def change_if_still(
    caller: Caller,
    change: Callable[[Transaction], T],
    if_match: str | None,
    *,
    tag: str,
    revision: Callable[[Transaction], S | None],
    seen: S,
    what: str,
) -> T:
    """Make a change if its object is as the caller has read it, and still so in the transaction that changes it.

    Args:
        caller: Who wants it.
        change: Work of a transaction.
        if_match: What the caller sent; without it, or with ``*``, any state will do.
        tag: Of the object.
        revision: Returns the revision of the object, or all that is known of it, which nobody else changes before the
            transaction has ended; None: it is there no more, of which the change itself says more.
        seen: The revision of what was compared.
        what: The word for the object.

    Raises:
        Refusal: It is not.
    """
    check_match(tag, if_match, what)
    any_will_do = if_match is None or is_any(if_match)

    def work(tx: Transaction) -> T:
        if not any_will_do and revision(tx) not in {None, seen}:
            raise changed(what)
        return change(tx)

    return await caller.queue._store.write_async(work)


async def change_message(
    caller: Caller, record: Record, if_match: str | None, change: Callable[[Transaction], None]
) -> Record:
    """Change a message if it is as the caller has read it; return how it is then.

    Raises:
        Refusal: It is not.
        IllegalMove: It cannot be done with a message of that status.
    """
    await change_if_still(
        caller,
        change,
        if_match,
        tag=tag_of(record),
        revision=lambda tx: tx.revision_of(record.row_id),
        seen=record.revision,
        what="message",
    )
    return await caller.queue._again(record)
