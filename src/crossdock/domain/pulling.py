"""What a pull comes to: which objects have changed and which are gone, by what is stored already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from crossdock.domain.errors import InvalidMessage, PermanentError
from crossdock.domain.exporting import Pull
from crossdock.domain.message import encode_json, text_issue
from crossdock.domain.wording import did_you_mean

ObjectKey: TypeAlias = tuple[str, str]
"""Kind and id of an object."""

_LONGEST_ID: Final = 1024
_LONGEST_KEPT: Final = 64 * 1024


class Taken(NamedTuple):
    """An object as it is stored: JSON with sorted keys, and its digest."""

    text: str
    digest: str


class Aside(NamedTuple):
    """An object that could not be taken, as it is stored.

    Attributes:
        key: Its id; or, if it has none, a number sign and a digest of what was received.
        text: What was received of it, JSON.
    """

    kind: str
    key: str
    id: str | None
    reason: str
    text: str


class Held(NamedTuple):
    """What is stored of an object."""

    scope: str
    digest: str
    is_gone: bool


class Present(NamedTuple):
    """A stored object that is not gone."""

    kind: str
    id: str
    scope: str


class Change(NamedTuple):
    """An object that is not as it was stored; without text it is gone."""

    kind: str
    id: str
    text: str | None


@dataclass(frozen=True, slots=True)
class PreparedPull:
    """A pull that can be stored.

    Attributes:
        scope: None: no state is stored, scopes are ended only.
        state: JSON.
        taken: What was found, by key; None: it is gone.
        received: How many objects the service has told of, those included that could not be taken.
    """

    scope: str | None
    state: str = "null"
    taken: Mapping[ObjectKey, Taken | None] = field(default_factory=dict)
    aside: Sequence[Aside] = ()
    whole: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    remark: str | None = None
    received: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What storing a pull changes.

    Attributes:
        put: Objects that are new, different, or back.
        gone: Objects that are there no more.
        moved: Objects that are as they were, in another scope.
    """

    put: Sequence[tuple[ObjectKey, Taken]]
    gone: Sequence[ObjectKey]
    moved: Sequence[ObjectKey]

    def changes(self) -> Iterable[Change]:
        """Give what the receivers are told."""
        for (kind, name), taken in self.put:
            yield Change(kind, name, taken.text)
        for kind, name in self.gone:
            yield Change(kind, name, None)


def prepare(pull: Pull, kinds: Sequence[str]) -> PreparedPull:
    """Make a pull ready to be stored; objects that cannot be are set aside.

    Args:
        pull: As the exporter gave it.
        kinds: Those that the exporter declares.

    Raises:
        PermanentError: The exporter breaks its contract.
    """
    _check(pull, kinds)
    taken: dict[ObjectKey, Taken | None] = {}
    aside = [_aside(one.kind, one.id, one.reason, one.data) for one in pull.set_aside]
    for found in pull.found:
        issue = text_issue(found.id) or _length_issue(found.id)
        try:
            stored = None if found.data is None else taken_of(found.data)
        except InvalidMessage as error:
            issue = issue or str(error)
            stored = None
        if issue:
            aside.append(_aside(found.kind, None if text_issue(found.id) else found.id, issue, found.data))
        else:
            taken[found.kind, found.id] = stored
    return PreparedPull(
        scope=pull.scope,
        state=encode_json(pull.state, field="state"),
        taken=taken,
        aside=list({(one.kind, one.key): one for one in aside}.values()),
        whole=pull.whole,
        ended=pull.ended,
        remark=pull.remark,
        received=len(pull.found) + len(pull.set_aside),
    )


def decide(pull: PreparedPull, held: Mapping[ObjectKey, Held], present: Iterable[Present]) -> Decision:
    """Decide what a pull changes.

    What a pull says is gone, is gone from its scope: an object that was found in another one since then stays.

    Args:
        pull: What is to be stored.
        held: What is stored of the objects that it tells of.
        present: The objects that are not gone, of its scope and of those that it ends.
    """
    put: list[tuple[ObjectKey, Taken]] = []
    gone: dict[ObjectKey, None] = {}
    moved: list[ObjectKey] = []
    for key, taken in pull.taken.items():
        known = held.get(key)
        if taken is None:
            if known is not None and not known.is_gone and known.scope == pull.scope:
                gone[key] = None
        elif known is None or known.is_gone or known.digest != taken.digest:
            put.append((key, taken))
        elif known.scope != pull.scope:
            moved.append(key)
    return Decision(put, [*gone, *_missing(pull, present, gone)], moved)


def taken_of(data: Any) -> Taken:
    """Return an object as it is stored: the same content has the same text, in whatever order it came.

    Raises:
        InvalidMessage: It is no JSON object.
    """
    if not isinstance(data, Mapping):
        raise InvalidMessage.of("data", f"is no JSON object, but of type {type(data).__name__}")
    text, digest = _canonical(dict(data))
    return Taken(text, digest)


def _canonical(value: Any) -> tuple[str, str]:
    """Return the JSON of a value, the same for the same content, and its digest.

    Raises:
        InvalidMessage: It is no JSON value.
    """
    options: dict[str, Any] = {"sort_keys": True, "separators": (",", ":"), "allow_nan": False}
    try:
        text = json.dumps(value, ensure_ascii=False, **options)
        raw = text.encode("utf-8", "surrogatepass")
        if b"\xed" in raw and not _is_utf8(raw):
            text = json.dumps(value, **options)  # half of a surrogate pair is legal in JSON only as an escape
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidMessage.of("data", f"not a JSON value: {error}") from error
    return text, hashlib.sha256(raw).hexdigest()


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _missing(
    pull: PreparedPull, present: Iterable[Present], gone: Mapping[ObjectKey, None]
) -> Iterable[ObjectKey]:
    """Give what is not there any more without having been named."""
    seen = {(one.kind, one.key) for one in pull.aside}
    for kind, name, scope in present:
        key = (kind, name)
        if key in gone or pull.taken.get(key) is not None:
            continue
        if scope in pull.ended or (scope == pull.scope and kind in pull.whole and key not in seen):
            yield key


def _check(pull: Pull, kinds: Sequence[str]) -> None:
    told = {one.kind for one in pull.found} | {one.kind for one in pull.set_aside} | pull.whole
    for kind in sorted(told - set(kinds)):
        hint = did_you_mean(kind, kinds)
        raise PermanentError(
            f"the exporter tells of {kind!r}, which is none of its kinds: {', '.join(kinds)}{hint}"
        )
    if pull.scope in pull.ended:
        raise PermanentError(f"the exporter ends the scope {pull.scope!r} in a pull of it")


def _length_issue(name: str) -> str:
    return "" if len(name) <= _LONGEST_ID else f"its id has {len(name)} characters; {_LONGEST_ID} are allowed"


def _aside(kind: str, name: str | None, reason: str, data: Any) -> Aside:
    try:
        text, digest = _canonical(data)
    except InvalidMessage:
        text, digest = _canonical(repr(data))
    if len(text) > _LONGEST_KEPT:
        text = json.dumps(text[:_LONGEST_KEPT])
    return Aside(kind, f"#{digest[:32]}" if name is None else name, name, reason, text)
