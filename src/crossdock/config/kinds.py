"""The kinds of adapters that are installed, and the choice that an app makes among them."""

# ruff: noqa: ANN401 - settings are any TOML value

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, PlainSerializer, PlainValidator, ValidationError, WithJsonSchema

from crossdock.config.adapter import AdapterKind, DoorKind, InboundKind, OutboundKind
from crossdock.config.table import Expected, Explained, Table
from crossdock.domain.wording import did_you_mean

GROUP: Final = "crossdock.adapters"
"""The group of entry points that adapters are found in."""
_PLAIN: Final = "python"
"""The kind of an outbound table that names none: what it sets holds for the handler that a program gives."""

Direction: TypeAlias = Literal["inbound", "outbound"]
DIRECTIONS: Final[tuple[Direction, ...]] = ("inbound", "outbound")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The transport that an app has in one direction.

    Attributes:
        kind: Its name.
        settings: Checked, of the kind's model.
    """

    kind: str
    settings: Table

    @property
    def words(self) -> str:
        """The kind and its main setting, for people; empty if it has none."""
        main = getattr(self.settings, self.kind, None)
        text = " ".join(map(str, main)) if isinstance(main, (list, tuple)) else str(main)
        return "" if main is None else text if self.kind == _PLAIN else f"{self.kind} {text}"

    @property
    def comes_to_the_door(self) -> bool:
        """Whether it is the API that takes messages in, so that no worker is needed."""
        return isinstance(side_of(self.kind, "inbound"), DoorKind)


class Nested(ValueError):
    """What is wrong with the settings of a kind.

    Attributes:
        error: What Pydantic found.
        model: The model that it was checked by.
        others: Keys that would have chosen another kind.
    """

    def __init__(self, error: ValidationError, model: type[BaseModel], others: list[str]) -> None:
        super().__init__("the settings of an adapter are wrong")
        self.error = error
        self.model = model
        self.others = others


def kind_names(direction: Direction | None = None) -> list[str]:
    """Return the names of the kinds that are installed, or of those that work in one direction."""
    names = sorted(_installed())
    if direction is None:
        return names
    return [name for name in names if getattr(kind_of(name), direction, None) is not None]


@lru_cache
def kind_of(name: str) -> AdapterKind:
    """Return a kind that is installed.

    Raises:
        ImportError: What it needs is not installed.
    """
    found: AdapterKind = _installed()[name].load()
    return found


def side_of(name: str, direction: Direction) -> InboundKind[Any] | DoorKind[Any] | OutboundKind[Any] | None:
    """Return one direction of a kind; None: it does not work in that direction."""
    kind = kind_of(name)
    return kind.inbound if direction == "inbound" else kind.outbound


def settings_of(name: str, direction: Direction) -> type[Table]:
    """Return the model of the settings of a kind that works in a direction."""
    side = side_of(name, direction)
    assert side is not None  # noqa: S101 - it works in that direction
    settings: type[Table] = side.settings
    return settings


def choose(given: Any, direction: Direction) -> Chosen:
    """Read the table of an app that names a kind.

    Raises:
        ValueError: It is no table. Explained: it names no kind, or several, or one that cannot be used.
        Nested: The settings are wrong.
    """
    if not isinstance(given, dict):
        raise ValueError(given)  # noqa: TRY004 - Pydantic reports a ValueError, and lets a TypeError through
    name = _named(given, direction)
    try:
        side = side_of(name, direction)
    except ImportError as error:
        raise Explained(f"the adapter {name} cannot be loaded: {error}") from error
    if side is None:
        raise Explained(f"{name} works in the other direction only; {_known(direction)}")
    try:
        return Chosen(name, side.settings.model_validate(given))
    except ValidationError as error:
        others = [] if name in given else kind_names()
        raise Nested(error, side.settings, others) from error


def _named(given: dict[str, Any], direction: Direction) -> str:
    """Return the kind that a table names."""
    named = [name for name in given if name in _installed()]
    if len(named) > 1:
        raise Explained(f"names {' and '.join(named)}; an app has one transport in each direction")
    if named:
        return named[0]
    if direction == "outbound":
        return _PLAIN
    known = kind_names(direction)
    near = next(filter(None, (did_you_mean(key, known) for key in given)), f"; {_known(direction)}")
    raise Explained(f"names no adapter{near}")


def _known(direction: Direction) -> str:
    return f"known here: {', '.join(kind_names(direction))}"


@lru_cache
def _installed() -> dict[str, EntryPoint]:
    return {one.name: one for one in entry_points(group=GROUP)}


def _written(chosen: Chosen | None) -> dict[str, Any] | None:
    return None if chosen is None else chosen.settings.model_dump(mode="json", exclude_unset=True)


def _field(direction: Direction) -> tuple[Any, ...]:
    return (
        PlainValidator(lambda given: choose(given, direction)),
        PlainSerializer(_written),
        WithJsonSchema({"type": "object"}),
    )


InboundTable: TypeAlias = Annotated[
    Chosen, *_field("inbound"), Expected('a table that names an adapter, such as { file = "data/imports" }')
]
OutboundTable: TypeAlias = Annotated[
    Chosen,
    *_field("outbound"),
    Expected('a table that names an adapter, such as { python = "orders.checks:validate" }'),
]
