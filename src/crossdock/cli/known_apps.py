"""Which apps a command knows, so that a name that was mistyped is remarked on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.domain.wording import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock import Queue
    from crossdock.app.registration import Registration
    from crossdock.cli.session import Session


def added_apps(session: Session) -> Mapping[str, Registration]:
    """Return the apps that the applications of the configuration add."""
    if not session.loaded.config.applications:
        return {}
    from crossdock.app.hub import Hub

    return {str(name): one for name, one in Hub(session.loaded).registered.items()}


def remark_on_strange(session: Session, queue: Queue, app: str) -> str:
    """Return what is to be said behind the name of an app of which nothing is known; empty: it is known."""
    known = _known_instead(session, queue, app)
    if known is None:
        return ""
    near = nearest(app, known)
    question = f" (did you mean {near}?)" if near else ""
    return f", though it is not configured and its queue is empty{question}"


def suggestion(session: Session, queue: Queue, app: str) -> str:
    """Return the question after a known name, to stand behind one of which nothing is known; empty: none is near."""
    known = _known_instead(session, queue, app)
    return "" if known is None else did_you_mean(app, known)


def _known_instead(session: Session, queue: Queue, app: str) -> set[str] | None:
    """Return the apps that are known; None: the one that is named is among them."""
    known = _named(session)
    if app not in known:
        known |= queue.stats().keys()
    return None if app in known else known


def _named(session: Session) -> set[str]:
    """Return the apps that the configuration names, or that receive something by it."""
    tables = session.loaded.config.apps
    receivers = (name for table in tables.values() for name in (*table.next, table.fallback) if name)
    return {*tables, *receivers, *added_apps(session)}
