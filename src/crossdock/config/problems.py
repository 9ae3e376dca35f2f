"""What is wrong with a configuration, in words: where, which key, expected, given, and the nearest name."""

# ruff: noqa: ANN401 - annotations are any object

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from crossdock.config.kinds import Nested
from crossdock.config.model import Config
from crossdock.config.table import Expected, Explained
from crossdock.domain.wording import nearest

Key = tuple[str, ...]

_LONGEST_GIVEN: Final = 60
_MANY: Final = 9


@dataclass(frozen=True, slots=True)
class Place:
    """Where the keys of an error count from.

    Attributes:
        model: Of the table.
        above: The key of the table.
        others: Further keys that could stand in the table.
    """

    model: type[BaseModel] = Config
    above: Key = ()
    others: Sequence[str] = ()


def describe(
    error: ValidationError,
    origins: Mapping[Key, str],
    place: Place = Place(),
) -> list[str]:
    """Return one line for each thing that is wrong, in the order of the file.

    Args:
        error: What Pydantic found.
        origins: Where each key was set.
        place: Where its keys count from.
    """
    return [line for found in error.errors() for line in _lines(found, origins, place)]


def _lines(found: Any, origins: Mapping[Key, str], place: Place) -> list[str]:
    reason = found.get("ctx", {}).get("error")
    key = tuple(str(part) for part in found["loc"])
    if isinstance(reason, Nested):
        return describe(reason.error, origins, Place(reason.model, (*place.above, *key), reason.others))
    if isinstance(reason, Explained):
        return [_explained((*place.above, *key), reason, origins)]
    return [_line(found["type"], key, found["input"], origins, place)]


def show_key(key: Key) -> str:
    """Write a key as TOML does."""
    plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
    return ".".join(part if part and not part.strip(plain) else json.dumps(part) for part in key)


def expected(key: Key, model: type[BaseModel] = Config) -> str:
    """Return words for what a key of a table, or an entry of an array, takes."""
    if (entry := _entry_of(key[:-1], model)) is not None:
        return _expected_of([entry])
    table = _table_at(key[:-1], model)
    field = None if table is None else table.model_fields.get(key[-1])
    return "a table" if field is None else _expected_of([*field.metadata, field.annotation])


def origin_of(key: Key, origins: Mapping[Key, str]) -> str | None:
    """Return where a key was set, or the nearest table around it."""
    for length in range(len(key), 0, -1):
        above = key[:length]
        inside = (origin for other, origin in origins.items() if other[:length] == above)
        found = origins.get(above) or next(inside, None)
        if found is not None:
            return found
    return None


def _explained(key: Key, reason: Explained, origins: Mapping[Key, str]) -> str:
    """Return the line of a value that says itself what is wrong with it."""
    return f"{named(key, origins)}: {reason}"


def _line(kind: str, loc: Key, given: object, origins: Mapping[Key, str], place: Place) -> str:
    inner = tuple(part for part in loc if part != "[key]")
    key = (*place.above, *inner)
    origin = origin_of(key, origins) or "configuration"
    named = _named(key, origin)
    if kind == "extra_forbidden":
        prefix = origin[: -len(key[-1])] if origin.startswith("CROSSDOCK_") else ""
        known = [*_known_at(inner[:-1], place.model), *(place.others if len(inner) == 1 else ())]
        return f"{named}: unknown key{_nearest(key[-1], list(dict.fromkeys(known)), prefix)}"
    words = (_expected_name if "[key]" in loc else expected)(inner, place.model)
    if kind == "missing":
        return f"{named}: is missing; expected {words}"
    return f"{named}: expected {words}, given {_show(given)}{_hint(key, given)}"


def named(key: Key, origins: Mapping[Key, str]) -> str:
    """Return where a key was set, or the nearest table around it, and the key."""
    return _named(key, origin_of(key, origins) or "configuration")


def _named(key: Key, place: str) -> str:
    """Return where a key was set, and the key unless the place names it."""
    return place if place.startswith(("CROSSDOCK_", "--")) else f"{place}: {show_key(key)}"


def _nearest(name: str, known: Sequence[str], prefix: str) -> str:
    """Return words that name the key that was meant, or the few that there are.

    Args:
        name: What was given.
        known: What could have been.
        prefix: Of the environment variable it was given by.
    """
    spelt = {key: f"{prefix}{key.upper()}" if prefix else key for key in known}
    near = nearest(name, known)
    if near:
        return f"; did you mean {spelt[near]}?"
    return f"; known here: {', '.join(spelt.values())}" if 0 < len(known) <= _MANY else ""


def _hint(key: Key, given: object) -> str:
    if key == ("store", "url") and isinstance(given, str) and given and ":" not in given:
        return f'; did you mean "sqlite:///{given}"?'
    return ""


def _entry_of(key: Key, model: type[BaseModel]) -> Any:
    """Return the type of what is in an array, or under names that people choose; None if the key holds neither."""
    table = _table_at(key[:-1], model)
    field = None if table is None or not key else table.model_fields.get(key[-1])
    if field is None or get_origin(field.annotation) not in {list, dict}:
        return None
    return get_args(field.annotation)[-1]


def _known_at(key: Key, model: type[BaseModel]) -> list[str]:
    table = _table_at(key, model)
    return [] if table is None else list(table.model_fields)


def _table_at(key: Key, model: type[BaseModel]) -> type[BaseModel] | None:
    """Return the model of the table under a key."""
    kind: Any = model
    for part in key:
        kind = _plain(kind)
        if get_origin(kind) is dict:
            kind = get_args(kind)[1]
        elif get_origin(kind) is list and part.isdecimal():
            kind = get_args(kind)[0]
        elif isinstance(kind, type) and issubclass(kind, BaseModel) and part in kind.model_fields:
            kind = kind.model_fields[part].annotation
        else:
            return None
    kind = _plain(kind)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _plain(kind: Any) -> Any:
    """Return a type without what is annotated to it, and without the None that stands for unset."""
    if get_origin(kind) is Annotated:
        return get_args(kind)[0]
    if get_origin(kind) in {Union, UnionType}:
        return next(_plain(part) for part in get_args(kind) if part is not type(None))
    return kind


def _expected_of(parts: Sequence[Any]) -> str:
    """Return the words in an annotation; of several, those of the outermost, which stand last."""
    found = "a table"
    for part in parts:
        if isinstance(part, Expected):
            found = part.text
        elif get_origin(part) in {Annotated, Union, UnionType}:
            found = _expected_of([*get_args(part), *getattr(part, "__metadata__", ())])
    return found


def _expected_name(key: Key, model: type[BaseModel]) -> str:
    """Return words for what a name that people choose must be, such as that of an app."""
    table = _table_at(key[:-2], model)
    field = None if table is None else table.model_fields.get("".join(key[-2:-1]))
    return _expected_of([] if field is None else [get_args(field.annotation)[0]])


def _show(given: object) -> str:
    """Write a value as TOML does, shortened."""
    match given:
        case dict():
            return "a table"
        case list():
            return "an array"
        case bool() | int() | float() | str():
            text = json.dumps(given, ensure_ascii=False)
        case _:
            text = str(given)
    return text if len(text) <= _LONGEST_GIVEN else f"{text[:_LONGEST_GIVEN]}…"
