"""Makes ``docs/reference/python.md`` from the signatures and docstrings of the public names.

``--check`` writes nothing and fails if the page is not what would be made.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final, ForwardRef, TypeAlias, is_typeddict

import crossdock
from crossdock import addresses, exporting, orm, retry_after, testing

Documented: TypeAlias = type | Callable[..., object]

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference" / "python.md"
LINE: Final = 88
INTRODUCTION: Final = """\
<!-- Made from the docstrings by tools/generate_python_reference.py. Do not edit. -->

# Python interface

Everything here is imported from `crossdock`, except where a module is named. Durations are `timedelta`, instants are
aware `datetime`; what comes back is in UTC. The errors have [a page of their own](errors.md).

`AsyncQueue` has the methods of `Queue`, and `AsyncDelivery` those of `Delivery`: with `await`, `async for` and
`async with`. `transaction()` alone is used with plain `with` in both. Likewise `AsyncClient` has the methods of
`Client`, and `AsyncClientDelivery` those of `ClientDelivery`."""
CHAPTERS: Final[dict[str, Sequence[Documented]]] = {
    "The queue": (crossdock.Queue, crossdock.SendOptions, crossdock.Delivery),
    "Schedules": (crossdock.Schedule,),
    "Handlers": (crossdock.Hub, crossdock.Subscription, crossdock.Breaker),
    "Exporters and applications": (
        exporting.Exporter, exporting.Pull, exporting.Found, exporting.SetAside, exporting.Exports,
        exporting.SyncReport, exporting.Counts, exporting.ExporterStatus, exporting.ScopeStatus,
        exporting.ExportedObject, exporting.ObjectPage, exporting.Cursor, exporting.ObjectSetAside,
        crossdock.Application, addresses.special, addresses.bare, retry_after.wait_of,
    ),
    "Messages and what is known of them": (
        crossdock.Message, crossdock.SentMessage, crossdock.Record, crossdock.Status, crossdock.Failure,
        crossdock.FailureCode, crossdock.QueueStats, crossdock.TimelineEntry,
    ),
    "Over HTTP": (crossdock.Client, crossdock.ClientDelivery, crossdock.StreamedEvent, crossdock.Job),
    "Settings": (
        crossdock.RetryPolicy,
        crossdock.Rules,
        crossdock.Rate,
        crossdock.Retention,
        crossdock.Keep,
        crossdock.StoreSettings,
    ),
    "With SQLAlchemy": (crossdock.create_engine, orm.StagedMessage, orm.AuditEntry),
    "For tests": (testing.FakeClock,),
}  # fmt: skip
ELSEWHERE: Final = {"AsyncQueue", "AsyncDelivery", "AsyncClient", "AsyncClientDelivery", "__version__"}
"""Described in the introduction, or plain; the errors are on their own page."""
GIVEN: Final = {
    crossdock.Delivery, crossdock.ClientDelivery, crossdock.Job, crossdock.StreamedEvent,
    crossdock.SendOptions, crossdock.Rules, crossdock.SentMessage, crossdock.Record,
    crossdock.Failure, crossdock.QueueStats, crossdock.TimelineEntry, crossdock.Schedule, orm.AuditEntry,
    exporting.SyncReport, exporting.Counts, exporting.ExporterStatus, exporting.ScopeStatus, exporting.ExportedObject,
    exporting.ObjectPage, exporting.Cursor, exporting.ObjectSetAside, exporting.Exporter, crossdock.Application,
}  # fmt: skip
"""Users get objects of these classes, or write classes of their kind, and never make them by these names."""
HIDDEN: Final = {"to_json", "from_json"}
"""How the store keeps a policy; of no use to anyone else."""
PREFIXES: Final[dict[Any, str]] = {inspect.Parameter.VAR_KEYWORD: "**", inspect.Parameter.VAR_POSITIONAL: "*"}
_SECTION: Final = re.compile(r"^(Args|Attributes|Raises|Returns|Yields|Source):(.*)$")
_ITEM: Final = re.compile(r"^ {4}([\w, ]+):\s*(.*)$")


def main() -> int:
    """Make or check the page."""
    text = "\n\n".join([INTRODUCTION, *_chapters()]) + "\n"
    if "--check" in sys.argv[1:]:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not fresh:
            print(f"docs/reference/{PAGE.name} is not up to date; run: python tools/{Path(__file__).name}")
        return 0 if fresh else 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


def described() -> set[str]:
    """Return the public names that the page describes."""
    return ELSEWHERE | {thing.__name__ for things in CHAPTERS.values() for thing in things}


def _chapters() -> Iterator[str]:
    for title, things in CHAPTERS.items():
        yield f"## {title}"
        for thing in things:
            yield from _describe(thing)


def _describe(thing: Documented) -> Iterator[str]:
    """Give what stands under the heading of one class or function."""
    yield f"### {thing.__name__}"
    home = _home(thing)
    if home != "crossdock":
        yield f"From `{home}`."
    if not isinstance(thing, type) or not (issubclass(thing, Enum) or thing in GIVEN):
        yield _signature(thing.__name__, thing)
    elif dataclasses.is_dataclass(thing) or is_typeddict(thing):
        yield _fields(thing)
    yield from _docstring(thing)
    if isinstance(thing, type) and issubclass(thing, Enum):
        yield ", ".join(f"`{member.value}`" for member in thing)
    elif isinstance(thing, type):
        for name, member in _members(thing):
            yield f"#### {thing.__name__}.{name}"
            if not isinstance(member, property):
                yield _signature(name, member)
            yield from _docstring(member)


def _home(thing: Documented) -> str:
    for module in (crossdock, exporting):
        if getattr(module, thing.__name__, None) is thing:
            return module.__name__
    return ".".join(thing.__module__.split(".")[:2])


def _fields(thing: type) -> str:
    """Return the fields of a class whose objects users are given; those of its parent are left out."""
    own = thing.__annotations__
    return _code("\n".join(f"{name}: {_type(kind)}" for name, kind in own.items()))


def _members(thing: type) -> Iterator[tuple[str, Any]]:
    """Give the public methods and properties, in the order in which they are written."""
    seen: set[str] = set()
    for owner in (*thing.__mro__[1:-1], thing):
        for name, member in vars(owner).items():
            plain = member.__func__ if isinstance(member, classmethod) else member
            callable_or_told = inspect.isfunction(plain) or isinstance(plain, property)
            if not name.startswith("_") and name not in seen | HIDDEN and callable_or_told:
                seen.add(name)
                yield name, getattr(thing, name) if isinstance(member, classmethod) else plain


def _signature(name: str, thing: Documented) -> str:
    signature = inspect.signature(thing)
    parameters = [one for one in signature.parameters.values() if one.name not in {"self", "cls"}]
    result = "" if isinstance(thing, type) else f" -> {_result(thing, signature)}"
    parts = list(_parameters(parameters))
    line = f"{name}({', '.join(parts)}){result}"
    if len(line) > LINE:
        line = f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){result}"
    return _code(line)


def _code(text: str) -> str:
    return f"<!-- not run: a signature -->\n```python\n{text}\n```"


def _result(thing: object, signature: inspect.Signature) -> str:
    """Return what a function gives; what ``contextmanager`` wraps gives a context manager."""
    text = _type(signature.return_annotation)
    managed = re.fullmatch(r"Generator\[(.*)\]", text) if hasattr(thing, "__wrapped__") else None
    return f"AbstractContextManager[{managed[1]}]" if managed else text


def _parameters(parameters: Sequence[inspect.Parameter]) -> Iterator[str]:
    starred = False
    for one in parameters:
        if one.kind is inspect.Parameter.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        prefix = PREFIXES.get(one.kind, "")
        text = f"{prefix}{one.name}"
        if one.annotation is not inspect.Parameter.empty:
            text += f": {_type(one.annotation)}"
        yield text if one.default is inspect.Parameter.empty else f"{text} = {_default(one.default)}"


def _type(annotation: object) -> str:
    if isinstance(annotation, ForwardRef):  # in a TypedDict
        annotation = annotation.__forward_arg__
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\b(builtins|collections\.abc|contextlib|datetime|typing|crossdock(\.\w+)+)\.", "", text)


def _default(value: object) -> str:
    if isinstance(value, Enum):
        return repr(value.value)
    text = repr(value).removeprefix("datetime.")
    return "{}" if "factory" in text else "..." if text.startswith("<object") else text


def _docstring(thing: object) -> Iterator[str]:
    """Give the paragraphs and lists of a docstring in Google's form."""
    text = inspect.cleandoc(thing.__doc__ or "")
    paragraph: list[str] = []
    items: list[str] = []
    for line in [*text.splitlines(), ""]:
        if items and (item := _ITEM.match(line)):
            names = ", ".join(f"`{name.strip()}`" for name in item[1].split(","))
            items.append(f"- {names}: {item[2]}")
        elif items and line.startswith(" "):
            items[-1] += f" {line.strip()}" if len(items) > 1 else ""
            items += [line.strip()] if len(items) == 1 else []
        elif section := _SECTION.match(line):
            yield from _flush(paragraph)
            items = [f"**{section[1]}**{':' if section[2] else ''}{section[2]}"]
        elif line.strip():
            yield from _flush_items(items)
            items = []
            paragraph.append(line)
        else:
            yield from _flush(paragraph)
            yield from _flush_items(items)
            paragraph, items = [], []


def _flush(paragraph: list[str]) -> Iterator[str]:
    if paragraph:
        yield _markdown(" ".join(paragraph))
    paragraph.clear()


def _flush_items(items: Sequence[str]) -> Iterator[str]:
    if items:
        yield _markdown(items[0])
    if len(items) > 1:
        yield _markdown("\n".join(items[1:]))


def _markdown(text: str) -> str:
    return text.replace("``", "`")


if __name__ == "__main__":
    sys.exit(main())
