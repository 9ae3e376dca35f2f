"""Which apps a command knows, so that a name that was mistyped is remarked on."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crossdock import Queue
    from crossdock.app.registration import Registration
    from crossdock.cli.session import Session


def added_apps(session: Session) -> Mapping[str, Registration]:
    """Return the apps that the applications of the configuration add."""
    if not session.loaded.config.applications:
        return {}
    from crossdock.app.hub import Hub

    return {str(name): one for name, one in Hub(session.loaded).registered.items()}


def nearest(app: str, known: Iterable[str]) -> str:
    """Return the question whether another name is meant; empty: none is near."""
    near = get_close_matches(app, sorted(known), n=1)
    return f"did you mean {near[0]}?" if near else ""


def remark_on_strange(session: Session, queue: Queue, app: str) -> str:
    """Return what is to be said behind the name of an app of which nothing is known; empty: it is known."""
    known = _named(session)
    if app in known:
        return ""
    known |= queue.stats().keys()
    if app in known:
        return ""
    question = nearest(app, known)
    return ", though it is not configured and its queue is empty" + (f" ({question})" if question else "")


def _named(session: Session) -> set[str]:
    """Return the apps that the configuration names, or that receive something by it."""
    tables = session.loaded.config.apps
    receivers = (name for table in tables.values() for name in (*table.next, table.fallback) if name)
    return {*tables, *receivers, *added_apps(session)}
