"""The OpenAPI document, and a page made of it that needs no network."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from fastapi.openapi.utils import get_openapi

from crossdock._version import __version__
from crossdock.api.errors import KINDS, error_document
from crossdock.api.operations import ACCESS, ERRORS, RAW_BODY, SCOPE

if TYPE_CHECKING:
    from fastapi import FastAPI

PREFIX: Final = "/api/v1"
DESCRIPTION: Final = """\
Durable messages between applications. Whatever was answered with 2xx is on the disk.

Every error has the same envelope, with a stable `code`, a `message` for people, `details` per field, and the
`request_id` that is also in the header `X-Request-Id`. Names are stable within `v1`: fields and codes may be added, and
what is to go is marked `deprecated` here for a year before.
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
    operation["responses"].pop("422", None)
    if access in {"key", "optional"}:
        codes += _WITH_KEY
        operation["security"] = [{"key": []}] if access == "key" else [{}, {"key": []}]
    if scope is not None:
        told = operation.get("description", "")
        operation["description"] = f"{told}\n\nNeeds the scope `{scope}`.".strip()
    if "requestBody" in operation:
        codes += _WITH_BODY
    if operation.get("parameters") or ("requestBody" in operation and not has_raw_body):
        codes.append("VALIDATION_ERROR")
    for status, found in _by_status(codes).items():
        operation["responses"].setdefault(str(status), _refusal(found))
    operation["responses"] = dict(sorted(operation["responses"].items()))


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


_STYLE: Final = """\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h2{margin-top:2.5rem;border-bottom:1px solid #ccc}h3{margin:2rem 0 .3rem}code,pre{font:14px/1.45 ui-monospace,monospace}
pre{background:#f4f4f4;padding:.7rem;overflow:auto}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .8rem .25rem 0;border-bottom:1px solid #e5e5e5}
.m{display:inline-block;min-width:4rem;font-weight:700}summary{cursor:pointer}
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#16181c}pre{background:#22252b}
td,th,h2{border-color:#3a3d44}a{color:#8ab4f8}}
"""
STYLE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def page(made: dict[str, Any]) -> str:
    """Return the document as a page for people, with nothing in it that is fetched from elsewhere."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>{_text(made['info']['title'])} API</title><style>{_STYLE}</style>",
        f"<h1>{_text(made['info']['title'])} API {_text(made['info']['version'])}</h1>",
        f"<p>{_text(made['info']['description'])}</p>",
        "<p>For programs: <a href=openapi.json>openapi.json</a></p>",
        *_tagged(made),
    ]
    return "\n".join(parts)


def _tagged(made: dict[str, Any]) -> Iterator[str]:
    by_tag: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, methods in made["paths"].items():
        for method, one in methods.items():
            by_tag.setdefault(one["tags"][0], []).append((method.upper(), path, one))
    for tag, found in by_tag.items():
        yield f"<h2 id={_text(tag)}>{_text(tag)}</h2>"
        for method, path, one in found:
            yield from _shown(made, method, path, one)


def _shown(made: dict[str, Any], method: str, path: str, one: dict[str, Any]) -> Iterator[str]:
    yield f"<h3 id={_text(one['operationId'])}><span class=m>{method}</span> <code>{_text(path)}</code></h3>"
    yield f"<p><b>{_text(one['summary'])}.</b> {_text(one.get('description', ''))}</p>"
    if one.get("parameters"):
        rows = "".join(
            f"<tr><td><code>{_text(p['name'])}</code><td>{_text(p['in'])}<td>{_text(p.get('description', ''))}"
            for p in one["parameters"]
        )
        yield f"<table><tr><th>parameter<th>in<th>meaning{rows}</table>"
    for kind, content in one.get("requestBody", {}).get("content", {}).items():
        yield _example(f"Body, {kind}", _example_of(made, content))
    for status, answer in one["responses"].items():
        for content in answer.get("content", {"": {}}).values():
            yield _example(f"{status}: {answer['description']}", _example_of(made, content))


def _example(title: str, value: Any) -> str:
    if value is None:
        return f"<p>{_text(title)}</p>"
    shown = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return f"<details><summary>{_text(title)}</summary><pre>{_text(shown)}</pre></details>"


def _example_of(made: dict[str, Any], content: dict[str, Any]) -> Any:
    if "examples" in content:
        return next(iter(content["examples"].values()))["value"]
    if "example" in content:
        return content["example"]
    schema = content.get("schema", {})
    if "$ref" in schema:
        schema = made["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return next(iter(schema.get("examples", [])), None)


def _text(value: str) -> str:
    return html.escape(value, quote=True)
