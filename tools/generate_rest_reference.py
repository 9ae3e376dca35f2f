"""Makes ``docs/reference/rest.md`` from the OpenAPI document.

``--check`` writes nothing and fails if the page is not what would be made.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from crossdock import AsyncQueue
from crossdock.api.application import create_application
from crossdock.api.documentation import document
from crossdock.api.errors import KINDS
from crossdock.api.settings import ApiSettings
from crossdock.domain.key import Scope

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference" / "rest.md"
INTRODUCTION: Final = """\
# REST

<!-- Made from the OpenAPI document by tools/generate_rest_reference.py. Do not edit. -->

Everything is under `/api/v1`. The same, with schemas and more examples, is served at `/api/v1/docs` as a page that
needs no network, and at `/api/v1/openapi.json` for programs. How to use it:
[send and work over REST](../how-to/rest.md).

A key is shown as `Authorization: Bearer cdk_…`. Bodies are JSON in UTF-8, and may be compressed
(`Content-Encoding: gzip` or `zstd`). Every answer has an `X-Request-Id`; with a key also `RateLimit-Policy` and
`RateLimit`. Within `v1` fields, codes and operations may be added; what is to go is marked `deprecated` in the document
for a year before."""


def main() -> int:
    """Make or check the page."""
    queue = AsyncQueue.testing()
    text = "\n\n".join(parts(document(create_application(queue, ApiSettings())))) + "\n"
    if "--check" in sys.argv[1:]:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print("docs/reference/rest.md is not up to date; run: python tools/generate_rest_reference.py")
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


def parts(made: dict[str, Any]) -> Iterator[str]:
    """Give the parts of the page."""
    yield INTRODUCTION
    yield "## Scopes"
    yield table(("scope", "a key that has it may"), [(f"`{scope}`", scope.meaning) for scope in Scope])
    yield "## Errors"
    yield (
        "Every error has the form below; `details` is empty where no field is at fault.\n\n"
        "```json\n"
        '{"error": {"code": "VALIDATION_ERROR", "message": "limit: Input should be greater than or equal to 1",\n'
        '           "details": [{"field": "limit", "issue": "Input should be greater than or equal to 1"}],\n'
        '           "request_id": "req_0f1e2d3c4b5a69788f"}}\n'
        "```"
    )
    rows = [(f"`{code}`", str(kind.status), kind.example.replace("|", "\\|")) for code, kind in KINDS.items()]
    yield table(("code", "status", "for example"), rows)
    yield from sections(made)


def sections(made: dict[str, Any], wanted: Container[str] | None = None) -> Iterator[str]:
    """Give the parts about operations, those of one resource under a heading.

    Args:
        made: The document.
        wanted: The ids of the operations; None: all.
    """
    tag = ""
    for path, methods in made["paths"].items():
        for method, one in methods.items():
            if wanted is not None and one["operationId"] not in wanted:
                continue
            if one["tags"][0] != tag:
                tag = one["tags"][0]
                yield f"## {tag.capitalize()}"
            yield from operation(made, f"{method.upper()} {path.removeprefix('/api/v1')}", one)


def operation(made: dict[str, Any], title: str, one: dict[str, Any]) -> Iterator[str]:
    """Give the parts about one operation."""
    yield f"### {title}"
    told = one.get("description", "")
    yield f"{one['summary']}." + (f" {told}" if told else "")
    if one.get("parameters"):
        rows = [(f"`{p['name']}`", p["in"], p.get("description", "")) for p in one["parameters"]]
        yield table(("parameter", "in", "meaning"), rows)
    if "requestBody" in one:
        content = next(iter(one["requestBody"]["content"].values()))
        yield f"Body, for example:\n\n{block(example(made, content))}"
    good = [(status, answer) for status, answer in one["responses"].items() if status < "400"]
    for status, answer in good:
        shown = example(made, next(iter(answer.get("content", {"": {}}).values())))
        yield f"{status}: {answer['description']}" + ("" if shown is None else f"\n\n{block(shown)}")
    codes = [
        code
        for status, answer in one["responses"].items()
        if status >= "400"
        for code in next(iter(answer["content"].values())).get("examples", {})
    ]
    yield "Errors: " + ", ".join(f"`{code}`" for code in codes) + "."


def example(made: dict[str, Any], content: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Return the example of a body; None: it has none."""
    if "example" in content:
        return content["example"]
    schema = content.get("schema", {})
    schema = schema.get("anyOf", [schema])[0]
    if "$ref" in schema:
        schema = made["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return next(iter(schema.get("examples", [])), None)


def block(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a JSON value, or a text, as a block."""
    if isinstance(value, str):
        return "\n".join(["```text", *value.splitlines(), "```"])
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    sys.exit(main())
