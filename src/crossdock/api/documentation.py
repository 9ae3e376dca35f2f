"""The OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from fastapi.openapi.utils import get_openapi

from crossdock._version import __version__
from crossdock.api.errors import KINDS, error_document
from crossdock.api.operations import ACCESS, ERRORS, RAW_BODY, SCOPE
from crossdock.api.sending_models import NewEvent

if TYPE_CHECKING:
    from fastapi import FastAPI

PREFIX: Final = "/api/v1"
DESCRIPTION: Final = """\
Durable messages between applications. Whatever was answered with 2xx is on the disk.

Every error has the same envelope, with a stable `code`, a `message` for people, `details` per field, and the
`request_id` that is also in the header `X-Request-Id`. Names are stable within `v1`: fields and codes may be added, and
what is to go is marked `deprecated` here for a year before. A parameter in the query that an operation does not know is
refused, but for webhooks and secret addresses, to which their senders may add what they like. HEAD is answered wherever
GET is.
"""
_ALWAYS: Final = ("MISDIRECTED_REQUEST", "INTERNAL_ERROR", "STORE_UNAVAILABLE")
_WITH_KEY: Final = ("UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED")
_WITH_BODY: Final = (
    "BAD_REQUEST",
    "REQUEST_TIMEOUT",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
)
_REQUEST_ID: Final = "req_0f1e2d3c4b5a69788f"
_ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details", "request_id"],
            "properties": {
                "code": {"type": "string", "enum": sorted(KINDS)},
                "message": {"type": "string", "description": "One sentence for people."},
                "details": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["field", "issue"],
                        "properties": {"field": {"type": "string"}, "issue": {"type": "string"}},
                    },
                },
                "request_id": {"type": "string", "pattern": "^req_[0-9a-f]{18}$"},
                "candidates": {
                    "type": "array",
                    "description": "Which messages are meant, if several have the id.",
                    "items": {
                        "type": "object",
                        "required": ["app", "source_app"],
                        "properties": {"app": {"type": "string"}, "source_app": {"type": "string"}},
                    },
                },
                "depth": {"type": "integer", "description": "So many wait in the queue that is full."},
                "max_depth": {"type": "integer", "description": "It takes in no more than so many."},
                "count": {"type": "integer", "description": "So many were to be stored together."},
            },
        }
    },
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title="Crossdock",
            version=__version__,
            openapi_version="3.1.0",
            description=DESCRIPTION,
            routes=app.routes,
            license_info={"name": "MIT", "identifier": "MIT"},
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas[NewEvent.__name__] = NewEvent.model_json_schema()  # of a body that FastAPI does not read
        for schema in schemas.values():
            if "examples" in schema:
                schema["examples"] = [_with_nulls(one, schema, schemas) for one in schema["examples"]]
        schemas["Error"] = _ERROR
        made["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "An API key, `cdk_…`."}
        }
        made["servers"] = [{"url": "/"}]
        for operation in _operations(made):
            _complete(operation)
        app.openapi_schema = made
    return app.openapi_schema


def _with_nulls(value: Any, schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Return an example with the nulls that must be in it, and that FastAPI left out."""
    found = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
    if "$ref" in found:
        found = schemas[found["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        return [_with_nulls(one, found.get("items", {}), schemas) for one in value]
    properties = found.get("properties", {})
    if not isinstance(value, dict) or not properties:
        return value
    demanded = {name: None for name in properties if name in found.get("required", ()) or name in value}
    return {
        name: _with_nulls(one, properties.get(name, {}), schemas)
        for name, one in {**demanded, **value}.items()
    }


def _operations(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in made["paths"].values():
        yield from (one for name, one in methods.items() if name != "parameters")


def _complete(operation: dict[str, Any]) -> None:
    """Say what all operations have in common, and what an operation demands."""
    access = operation.pop(ACCESS)
    scope = operation.get(SCOPE)
    has_raw_body = operation.pop(RAW_BODY, False)
    codes = [*operation.pop(ERRORS), *_ALWAYS]
    if " ".join(operation.get("description", "").split()) == f"{operation['summary']}.":
        del operation["description"]  # FastAPI repeats a docstring of one sentence
    operation["responses"].pop("422", None)
    if access == "few":
        codes.append("RATE_LIMITED")
    if access in {"key", "optional"}:
        codes += _WITH_KEY
        operation["security"] = [{"key": []}] if access == "key" else [{}, {"key": []}]
    if scope is not None:
        told = operation.get("description", "")
        operation["description"] = f"{told}\n\nNeeds the scope `{scope}`.".strip()
    if "requestBody" in operation:
        codes += _WITH_BODY
    parameters = list(_parameters(operation.pop("parameters", ()), codes))
    if parameters:
        operation["parameters"] = parameters
    if access != "proof" or parameters or ("requestBody" in operation and not has_raw_body):
        codes.append("VALIDATION_ERROR")
    for status, found in _by_status(codes).items():
        operation["responses"].setdefault(str(status), _refusal(found))
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _parameters(given: Iterable[dict[str, Any]], codes: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Give parameters as they are on the way: text that is there or not, and never null."""
    for one in given:
        if one["in"] == "header" and one["name"].lower() == "accept":
            continue  # OpenAPI has another place for it: the media types of the answers
        schema = one["schema"]
        choices = [choice for choice in schema.pop("anyOf", ()) if choice.get("type") != "null"]
        if len(choices) == 1:
            schema |= choices[0]
        elif choices:
            schema["anyOf"] = choices
        if one["name"] == "If-Match" and "PRECONDITION_REQUIRED" in codes:
            one["required"] = True
        yield one


def _by_status(codes: Iterable[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        found.setdefault(KINDS[code].status, []).append(code)
    return found


def _refusal(codes: list[str]) -> dict[str, Any]:
    examples = {code: {"value": error_document(code, KINDS[code].example, (), _REQUEST_ID)} for code in codes}
    return {
        "description": ", ".join(f"`{code}`" for code in codes),
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Error"}, "examples": examples}
        },
    }
