"""How an operation of the API is declared: what it demands, answers and refuses stands beside its code.

To add a resource, make an ``Operations`` in ``api/resources`` and include it in ``api/application.py``::

    operations = Operations("things")

    @operations.on("GET", "/things/{app}", id="getThing", access=needs(Scope.APPS_READ), answers=Answers(Thing),
                   errors=("APP_NOT_FOUND",))
    async def get_thing(app: AppName, caller: CallerOf) -> JsonAnswer: ...

Access is checked, and the body read, before the code runs; parameters are FastAPI's. The OpenAPI document, its
examples and the answers common to all operations come by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, TypeVar
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Path
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, compile_path

from crossdock.api.access import Access, admit
from crossdock.api.bodies import is_json, parse_json, read_body
from crossdock.api.errors import Refusal
from crossdock.api.state import ApiState, Caller, caller_of, state_of
from crossdock.domain.key import Scope
from crossdock.domain.wording import did_you_mean

if TYPE_CHECKING:
    from fastapi.dependencies.models import Dependant
    from pydantic import BaseModel

F = TypeVar("F", bound=Callable[..., Any])
ACCESS: Final = "x-access"
SCOPE: Final = "x-scope"
ERRORS: Final = "x-errors"
RAW_BODY: Final = "x-raw-body"
APP_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
_SLASH: Final = "\udc2f"
"""Stands for a slash that came as %2F: text out of UTF-8 never has it."""


async def _caller_of(request: Request) -> Caller:
    return caller_of(request)


async def _state_of(request: Request) -> ApiState:
    return state_of(request)


# FastAPI would call a plain function in another thread, and wait there and back longer than most operations take.
CallerOf = Annotated[Caller, Depends(_caller_of)]
StateOf = Annotated[ApiState, Depends(_state_of)]
AppName = Annotated[str, Path(pattern=APP_PATTERN, description="The name of an app.", examples=["validator"])]


@dataclass(frozen=True, slots=True)
class Answers:
    """What an operation answers when all is well.

    Attributes:
        model: Of the document; its own example is the example. None: there is no body.
        status: Of HTTP.
        meaning: What it says.
        headers: Those that are worth knowing, with their meanings.
        page: Whether it is HTML and no JSON.
        more: Further statuses, each with its meaning; they have the same model, but for 304.
        texts: Where the answer is no JSON: an example of each media type.
        examples: Of statuses for which that of the model would not do.
    """

    model: type[BaseModel] | UnionType | None
    status: int = 200
    meaning: str = "Done."
    headers: Mapping[str, str] = field(default_factory=dict)
    page: bool = False
    more: Mapping[int, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    examples: Mapping[int, Any] = field(default_factory=dict)


class Declared(NamedTuple):
    """What is known of an operation without looking into its code; ``path`` is below ``/api/v1``."""

    id: str
    method: str
    path: str
    access: Access

    def is_at(self, path: str) -> bool:
        """Tell whether it is what a path leads to, if the method is the right one.

        Args:
            path: As ``segmented`` returns it, without ``/api/v1``.
        """
        return compile_path(self.path)[0].match(path) is not None


class JsonAnswer(Response):
    """A JSON document."""

    media_type = "application/json"

    def __init__(
        self, document: Any, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(None, status_code, headers)
        self.body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )
        self.headers["content-length"] = str(len(self.body))


class Operation(APIRoute):
    """A route whose request is let in before it is read, and read within limits."""

    def matches(self, scope: MutableMapping[str, Any]) -> tuple[Match, Any]:
        """Tell whether a request is for this; a slash that came as %2F belongs to the id that it stands in."""
        match, found = super().matches({**scope, "path": segmented(scope)})
        for name, value in found.get("path_params", {}).items():
            if isinstance(value, str):
                found["path_params"][name] = value.replace(_SLASH, "/")
        return match, found

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what handles a request."""
        handle = super().get_route_handler()
        extra = self.openapi_extra or {}
        access = Access(extra[ACCESS], Scope(extra[SCOPE]) if SCOPE in extra else None)
        takes_json = self.body_field is not None
        takes_raw = bool(extra.get(RAW_BODY))
        known = frozenset(_parameters(self.dependant))

        async def operation(request: Request) -> Response:
            await admit(request, access)
            if access.kind != "proof" and request.scope["query_string"]:
                _demand_known(request, known)
            if takes_json or takes_raw:
                settings = state_of(request).settings
                body = await read_body(request, settings)
                request._body = body
                if takes_json and body:
                    request._json = _parsed(request, body, settings.max_json_depth)
            return await handle(request)

        return operation


class Operations(APIRouter):
    """The operations of one resource.

    Args:
        tag: Its name in the document.
    """

    def __init__(self, tag: str) -> None:
        super().__init__(tags=[tag], route_class=Operation)
        self.declared: list[Declared] = []

    def on(
        self,
        method: str,
        path: str,
        *,
        id: str,
        access: Access,
        answers: Answers,
        errors: Sequence[str] = (),
        raw_body: Mapping[str, Any] | None = None,
    ) -> Callable[[F], F]:
        """Declare an operation; its summary and description are the docstring of its function.

        Args:
            method: Of HTTP.
            path: Below ``/api/v1``.
            id: Its stable name, from which generated clients make theirs.
            access: Who may.
            answers: What it answers.
            errors: Codes that it may refuse with, beside those common to all.
            raw_body: The ``requestBody`` of the document, where the function reads the body itself.
        """

        def declare(function: F) -> F:
            summary, _, description = (function.__doc__ or "").partition("\n\n")
            extra: dict[str, Any] = {ACCESS: access.kind, ERRORS: list(errors)}
            if access.scope is not None:
                extra[SCOPE] = access.scope.value
            if raw_body is not None:
                extra |= {RAW_BODY: True, "requestBody": raw_body}
            media: dict[str, Any] = {}
            if answers.page or (answers.texts and answers.model is None):
                media["response_class"] = HTMLResponse if answers.page else Response
            self.add_api_route(
                path,
                function,
                methods=[method],
                operation_id=id,
                summary=" ".join(summary.split()).rstrip("."),
                description="\n\n".join(" ".join(part.split()) for part in description.split("\n\n")),
                status_code=answers.status,
                response_model=None,
                **media,
                responses=_responses(answers),
                openapi_extra=extra,
            )
            self.declared.append(Declared(id, method, path, access))
            return function

        return declare

    def giving(self, **facts: Any) -> Operations:
        """Return the same operations for one application of the API, with facts on the state of each request.

        What several share, such as what they look at, is so no global. A parameter gets at a fact by FastAPI's
        ``Depends`` on a function that returns ``request.state.<name>``.
        """

        async def give(request: Request) -> None:
            for name, fact in facts.items():
                setattr(request.state, name, fact)

        given = Operations("")
        given.tags = []
        given.include_router(self, dependencies=[Depends(give)])
        given.declared = list(self.declared)
        return given


def segmented(scope: MutableMapping[str, Any]) -> str:
    """Return the path of a request, decoded so that what came as one segment is one still."""
    raw: bytes | None = scope.get("raw_path")
    if raw is None or b"%2" not in raw:
        path: str = scope["path"]
        return path
    segments = raw.decode("latin-1").split("/")
    return "/".join(unquote(segment).replace("/", _SLASH) for segment in segments)


def _parameters(dependant: Dependant) -> Iterator[str]:
    """Give the names of the parameters in the query that an operation takes."""
    yield from (one.alias for one in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _parameters(inner)


def _demand_known(request: Request, known: frozenset[str]) -> None:
    """Make sure that every parameter in the query is one: the wish behind a misspelt one would be passed over.

    Raises:
        Refusal: One is none.
    """
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        details = [(name[:100], _unknown(name, known)) for name in unknown]
        words = "; ".join(f"{name}: {issue}" for name, issue in details)[:1000]
        raise Refusal("VALIDATION_ERROR", words, details)


def _unknown(name: str, known: frozenset[str]) -> str:
    names = sorted(known)
    others = f"; known: {', '.join(names)}" if names else "; there are none"
    return f"is no parameter here{did_you_mean(name, names) or others}"


def _parsed(request: Request, body: bytes, max_depth: int) -> Any:
    content_type = request.headers.get("content-type", "")
    if not is_json(content_type):
        raise Refusal(
            "UNSUPPORTED_MEDIA_TYPE",
            f"Content-Type {content_type[:100]!r} is not taken here; application/json is",
            headers={"Accept": "application/json"},
        )
    return parse_json(body, max_depth)


def _responses(answers: Answers) -> dict[int | str, dict[str, Any]]:
    headers = {
        name: {"description": meaning, "schema": {"type": "string"}}
        for name, meaning in answers.headers.items()
    }
    found: dict[int | str, dict[str, Any]] = {}
    for status, meaning in {answers.status: answers.meaning, **answers.more}.items():
        found[status] = {"description": meaning, **({"headers": headers} if headers else {})}
        if answers.model is not None and status not in {204, 304}:
            found[status]["model"] = answers.model
        if status in answers.examples:
            found[status]["content"] = {"application/json": {"example": answers.examples[status]}}
        if answers.texts and status not in {204, 304}:
            found[status]["content"] = {
                media: {"schema": {"type": "string"}, "example": text}
                for media, text in answers.texts.items()
            }
    return found
