"""What an exporter was answered: objects, what it had to set aside, and from where to go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Found:
    """An object of an outside service, as it is there now.

    Attributes:
        kind: Which kind of object, one of the exporter's ``kinds``, such as ``tasks``.
        id: Names it among those of its kind, in all scopes of the exporter.
        data: The object as the service told it, a JSON object; None: it is gone from the scope of the pull. An object
            that was found in another scope since then stays.
    """

    kind: str
    id: str
    data: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class SetAside:
    """An object that could not be taken; the others are.

    Attributes:
        id: As far as it has one that can be read.
        reason: What is wrong with it, for people.
        data: What was received of it, for whoever wants to look.
    """

    kind: str
    id: str | None
    reason: str
    data: Any = None


@dataclass(frozen=True, slots=True)
class Pull:
    """One answer of the service, however many pages it had. All of it is stored in one transaction, or nothing.

    Attributes:
        scope: Which sync state it moves on: ``""`` where there is one only, else such as a calendar's id.
        state: What to go on from the next time, any JSON value; None: ask for everything again.
        found: The objects, in the order received; of two with the same kind and id the later one counts.
        set_aside: Those that could not be taken; taken and set aside together are all that were received.
        whole: The kinds of which this is everything that there is in the scope: what is stored of them under it and
            is not among ``found`` or ``set_aside`` is gone.
        ended: Scopes that there are no more: their objects are gone, and so is their state.
        remark: What people should know of it, such as why everything was asked for again.
    """

    scope: str
    state: Any
    found: Sequence[Found] = ()
    set_aside: Sequence[SetAside] = ()
    whole: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    remark: str | None = None
