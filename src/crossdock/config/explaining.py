"""Shows a configuration as TOML, each value with where it comes from, and its JSON Schema for editors."""

# ruff: noqa: ANN401 - settings and schemas are any JSON value

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from crossdock.config.kinds import DIRECTIONS, Direction, kind_names, settings_of
from crossdock.config.loading import Loaded
from crossdock.config.model import Config, RetryTable
from crossdock.config.problems import Key, origin_of, show_key
from crossdock.domain.retry import RetryPolicy

SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PASSWORD: Final = re.compile(r"(?<=://)([^/@:]*:)[^/@]*(?=@)|([?&]password=)[^&]*")


def settings(loaded: Loaded) -> list[tuple[Key, Any, str]]:
    """Return every setting in force, as (key, value as JSON has it, what set it); passwords are hidden.

    A retry key of an app is left out where it is inherited.
    """
    config = loaded.config
    found: list[tuple[Key, Any]] = [
        (("store", name), value) for name, value in config.store.model_dump(exclude_none=True).items()
    ]
    found += [(("queue", name), value) for name, value in config.queue.model_dump(exclude={"retry"}).items()]
    everyone = _as_table(config.retry_policies()["*"]).model_dump()
    found += [(("queue", "retry", name), value) for name, value in everyone.items()]
    found += [(("retention", name), value) for name, value in config.retention.model_dump().items()]
    found += [(("run", name), value) for name, value in config.run.model_dump().items()]
    found += [(("log", name), value) for name, value in config.log.model_dump().items()]
    found += [(("api", name), value) for name, value in config.api.model_dump().items()]
    for app, table in config.apps.items():
        found += [(("apps", app, "retry", name), value) for name, value in table.retry.model_dump().items()]
        found += _settings_of(("apps", app), table.model_dump(exclude={"retry"}))
    for name, schedule in config.schedules.items():
        given = schedule.model_dump(exclude_none=True)
        found += [(("schedules", name, key), value) for key, value in given.items()]
    for name, given in config.applications.items():
        found += [(("applications", name, key), value) for key, value in _as_json(given).items()]
    return [(key, _hide(value), _origin(loaded, key)) for key, value in found if value is not None]


def _origin(loaded: Loaded, key: Key) -> str:
    """Return what set a key; of a table of free keys, what set the first of it."""
    if key in loaded.origins or not (
        key[0] == "applications"
        or key == ("store", "password")
        or (key[0] == "schedules" and key[2] == "data")
    ):
        return loaded.origin(*key)
    return origin_of(key, loaded.origins) or loaded.origin(*key)


def _settings_of(above: Key, table: Mapping[str, Any]) -> Iterator[tuple[Key, Any]]:
    """Give the settings of an app that differ from saying nothing."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _settings_of((*above, name), value)
        elif value is not None and value is not False and value != []:
            yield (*above, name), value


def to_toml(loaded: Loaded, *, origins: bool) -> str:
    """Write the settings in force as a file that could be read again.

    Args:
        loaded: The configuration.
        origins: Add behind each value what set it.
    """
    lines: list[str] = []
    section: Key = ()
    entries = settings(loaded)
    width = max(len(_assignment(key, value)) for key, value, _ in entries)
    for key, value, origin in entries:
        if key[: _depth(key)] != section:
            section = key[: _depth(key)]
            lines += ["", f"[{show_key(section)}]"]
        text = _assignment(key, value)
        lines.append(f"{text:{width}}  # {origin}" if origins else text)
    return "\n".join(lines[1:])


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``crossdock.toml``."""
    schema = Config.model_json_schema(mode="serialization")
    app = schema["$defs"]["AppTable"]["properties"]
    for direction in DIRECTIONS:
        app[direction] = {
            "description": app[direction]["description"],
            **_any_of_kinds(direction, schema["$defs"]),
        }
    return {"$schema": SCHEMA_DIALECT, "title": "crossdock.toml", **_plain(schema)}


def _any_of_kinds(direction: Direction, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a table of any kind of adapter; what it refers to is put among the definitions."""
    choices = []
    for name in kind_names(direction):
        model = settings_of(name, direction)
        schema = model.model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
        definitions |= schema.pop("$defs", {})
        choices.append(schema)
    return {"anyOf": choices}


def _plain(schema: Any) -> Any:
    """Leave out what says nothing to an editor: made-up titles, and null, which TOML cannot write."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _plain(part) for name, part in schema.items() if name != "title" or isinstance(part, dict)}
    if "$ref" in kept or kept.get("default", ...) is None:
        kept.pop("default", None)
    choices = kept.get("anyOf")
    if choices is not None and {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        kept = {**rest[0], **{name: part for name, part in kept.items() if name != "anyOf"}}
    return kept


def _assignment(key: Key, value: Any) -> str:
    return f"{show_key(key[_depth(key) :])} = {_toml(value)}"


def _toml(value: Any) -> str:
    """Write a value as TOML does."""
    match value:
        case dict():
            inner = (
                f"{show_key((name,))} = {_toml(part)}" for name, part in value.items() if part is not None
            )
            return f"{{ {', '.join(inner)} }}"
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _depth(key: Key) -> int:
    """Return how many parts of a key make the heading it stands under."""
    return 2 if key[0] in {"applications", "apps", "schedules"} else 1


def _as_json(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return free keys with instants as text."""
    found: dict[str, Any] = json.loads(json.dumps(table, default=str))
    return found


def _as_table(policy: RetryPolicy) -> RetryTable:
    return RetryTable.model_construct(
        max_attempts=policy.max_attempts,
        backoff=(policy.backoff_min, policy.backoff_max),
        jitter=policy.jitter,
        time_budget=policy.time_budget,
    )


def _hide(value: Any) -> Any:
    return _PASSWORD.sub(r"\1\2***", value) if isinstance(value, str) else value
