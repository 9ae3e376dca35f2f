"""What the contract suites of adapters ask of a far side, and the hub that they run against it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from crossdock.app.hub import Hub
from crossdock.config.loading import Loaded, load
from crossdock.config.values import format_duration

APP = "tested"
RECEIVER = "receiver"


class OutboundFarSide(Protocol):
    """Where an outbound adapter hands messages over to.

    Attributes:
        table: The adapter's table of the configuration, as TOML reads it.
        wrong: Tables that must be refused, each with words that the refusal must have.
        carries_attributes: The far side sees the whole event, not only its data.
        carries_bytes: It sees data that is bytes as it is.
    """

    table: Mapping[str, Any]
    wrong: Sequence[tuple[Mapping[str, Any], str]]
    carries_attributes: bool
    carries_bytes: bool

    def received(self) -> list[Any]:
        """Return the data of all messages that arrived, in that order; what arrived twice is there twice."""

    def events(self) -> list[Mapping[str, Any]]:
        """Return what arrived as CloudEvents in their JSON form; asked only if it carries attributes."""

    def go_away(self) -> bool:
        """Let nothing reach it any more; False: it cannot be away."""

    def come_back(self) -> None:
        """Be there again."""


class InboundFarSide(Protocol):
    """Where an inbound adapter takes messages from.

    Attributes:
        table: The adapter's table of the configuration, as TOML reads it.
        wrong: Tables that must be refused, each with words that the refusal must have.
        patience: Within this time the adapter sees what is there.
    """

    table: Mapping[str, Any]
    wrong: Sequence[tuple[Mapping[str, Any], str]]
    patience: timedelta

    def give(self, items: Sequence[Any]) -> None:
        """Let the adapter find these data, in this order. Plain objects of text."""

    def left(self) -> int:
        """Return how many items wait that the adapter has not taken for good, as far as the far side knows."""


def configured(folder: Path, app: Mapping[str, Any], **others: Mapping[str, Any]) -> Loaded:
    """Write a configuration with a store of its own, and load it.

    Args:
        folder: Where it goes, and the store.
        app: The table of the app that is tested.
        others: Tables of further apps.
    """
    tables = {APP: app, **others}
    lines = ['[store]\nurl = "sqlite:///work.db"']
    lines += [
        f"[apps.{name}]\n" + "\n".join(_line(key, table[key]) for key in table)
        for name, table in tables.items()
    ]
    file = folder / "crossdock.toml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load(file, environ={})


def run(loaded: Loaded, wait: timedelta = timedelta(seconds=0.3), stop: Any = None) -> None:
    """Let a hub work by a configuration until there was nothing to do for a while."""
    with Hub(loaded) as hub:
        asyncio.run(hub.serve(wait=wait, stop=stop))


def _line(key: str, value: Any) -> str:
    return f"{key} = {as_toml(value)}"


def as_toml(value: Any) -> str:
    """Write a value of a configuration as TOML."""
    match value:
        case bool():
            return "true" if value else "false"
        case timedelta():
            return f'"{format_duration(value)}"'
        case Mapping():
            return "{ " + ", ".join(_line(name, one) for name, one in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(map(as_toml, value)) + "]"
        case int() | float():
            return str(value)
        case _:
            escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
