"""A page for people, made of the OpenAPI document, that needs no network."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from crossdock.api.documentation import PREFIX

_STYLE: Final = """\
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff;
overflow-wrap:break-word}
h2{margin-top:3rem;border-bottom:1px solid #ccc}h3{margin:2.2rem 0 .3rem;font-size:1.05rem}
code,pre{font:.88em/1.45 ui-monospace,monospace}p code,td code,summary code{background:#f4f4f4;padding:.1em .3em}
pre{background:#f4f4f4;padding:.7rem;overflow:auto;overflow-wrap:normal}
table{border-collapse:collapse;width:100%;margin:.8rem 0}
td,th{text-align:left;vertical-align:top;padding:.25rem .8rem .25rem 0;border-bottom:1px solid #e5e5e5}
td:nth-child(-n+2){white-space:nowrap}
.m{display:inline-block;min-width:4rem;font-weight:700}summary{cursor:pointer}details details{margin-left:1.1rem}
nav p{margin:.6rem 0 0;font-weight:700}nav ul{columns:22rem;margin:0;padding:0;list-style:none}a{color:#0645ad}
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#16181c}
pre,p code,td code,summary code{background:#22252b}td,th,h2{border-color:#3a3d44}a{color:#8ab4f8}}
@media(max-width:36rem){td:nth-child(-n+2){white-space:normal}}
"""
STYLE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_CODE: Final = re.compile(r"`([^`]+)`")
_FIRST_REFUSAL: Final = 400

Shown = tuple[str, str, dict[str, Any]]
"""An operation, behind its method and its path."""


def page(made: dict[str, Any]) -> str:
    """Return the document as a page for people, with nothing in it that is fetched from elsewhere."""
    by_tag: dict[str, list[Shown]] = {}
    for path, methods in made["paths"].items():
        for method, one in methods.items():
            by_tag.setdefault(one["tags"][0], []).append((method.upper(), path, one))
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>{_text(made['info']['title'])} API</title><style>{_STYLE}</style>",
        f"<h1>{_text(made['info']['title'])} API {_text(made['info']['version'])}</h1>",
        _prose(made["info"]["description"]),
        _prose("Where a scope is named, a key that has it is needed: `Authorization: Bearer cdk_…`."),
        "<p>For programs: <a href=openapi.json>openapi.json</a></p>",
        *_contents(by_tag),
    ]
    for tag, found in by_tag.items():
        parts.append(f"<h2 id={_text(tag)}>{_text(tag)}</h2>")
        for method, path, one in found:
            parts += _shown(made, method, path, one)
    return "\n".join(parts)


def _contents(by_tag: dict[str, list[Shown]]) -> Iterator[str]:
    yield "<nav>"
    for tag, found in by_tag.items():
        links = "".join(
            f"<li><a href=#{_text(one['operationId'])}>{method} {_text(path.removeprefix(PREFIX))}</a>"
            for method, path, one in found
        )
        yield f"<p><a href=#{_text(tag)}>{_text(tag)}</a></p><ul>{links}</ul>"
    yield "</nav>"


def _shown(made: dict[str, Any], method: str, path: str, one: dict[str, Any]) -> Iterator[str]:
    yield f"<h3 id={_text(one['operationId'])}><span class=m>{method}</span> <code>{_text(path)}</code></h3>"
    summary = f"{one['summary']}."
    yield _prose(f"**{summary}** {one.get('description', '').removeprefix(summary)}")
    if one.get("parameters"):
        rows = "".join(map(_parameter, one["parameters"]))
        yield f"<table><tr><th>parameter<th>in<th>meaning{rows}</table>"
    for kind, content in one.get("requestBody", {}).get("content", {}).items():
        yield _example(f"Body, {kind}", _example_of(made, content))
    refusals = []
    for status, answer in one["responses"].items():
        for content in answer.get("content", {"": {}}).values():
            example = _example(f"{status}: {answer['description']}", _example_of(made, content))
            if int(status) < _FIRST_REFUSAL:
                yield example
            else:
                refusals.append(example)
    if refusals:
        yield f"<details><summary>Refusals</summary>{''.join(refusals)}</details>"


def _parameter(one: dict[str, Any]) -> str:
    place = f"{one['in']}, required" if one.get("required") and one["in"] != "path" else one["in"]
    return f"<tr><td><code>{_text(one['name'])}</code><td>{_text(place)}<td>{_inline(one.get('description', ''))}"


def _example(title: str, value: Any) -> str:
    if value is None:
        return f"<p>{_inline(title)}</p>"
    shown = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return f"<details><summary>{_inline(title)}</summary><pre>{_text(shown)}</pre></details>"


def _example_of(made: dict[str, Any], content: dict[str, Any]) -> Any:
    if "examples" in content:
        return next(iter(content["examples"].values()))["value"]
    if "example" in content:
        return content["example"]
    schema = content.get("schema", {})
    if "$ref" in schema:
        schema = made["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return next(iter(schema.get("examples", [])), None)


def _prose(text: str) -> str:
    """Return the paragraphs of a description; of Markdown it knows what ours have: code, and words in bold."""
    return "".join(f"<p>{_inline(part)}</p>" for part in text.strip().split("\n\n"))


def _inline(text: str) -> str:
    bold = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", _text(text))
    return _CODE.sub(r"<code>\1</code>", bold)


def _text(value: str) -> str:
    return html.escape(value, quote=True)
