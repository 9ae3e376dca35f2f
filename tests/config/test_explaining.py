from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from crossdock.config import Config, Loaded
from crossdock.config.explaining import json_schema, settings, to_toml
from crossdock.config.template import TEMPLATE

FILE = """\
[store]
url = "sqlite:///work.db"

[apps.file-importer]
retry = { max_attempts = 3 }
outbound = { python = "orders.checks:validate", cpu = true }
next = ["warehouse", "billing"]
subscribe = [{ type = "order.*" }, { source = "shop", subject = "*" }]
concurrency = 8
timeout = "1m"

[schedules.report]
cron = "0 7 * * 1-5"
timezone = "Europe/Paris"
data = { kind = "daily", parts = [1, { two = 2 }] }

[schedules.poll]
every = "1h30m"
start = 2031-05-17T08:30:00+02:00
missed = "all"

[schedules.once]
at = 2031-05-17T08:30:00Z
"""


def test_what_is_shown_can_be_read_again(loading: Callable[..., Loaded]) -> None:
    first = loading(FILE)
    again = loading(to_toml(first, origins=True))
    assert to_toml(again, origins=False) == to_toml(first, origins=False)


def test_origins_stand_behind_the_values(loading: Callable[..., Loaded]) -> None:
    text = to_toml(loading(FILE, {"CROSSDOCK_QUEUE__LEASE": "1m"}), origins=True)
    lines = [line.split("  ") for line in text.splitlines() if "#" in line]
    shown = {line[0].partition(" ")[0]: line[-1].strip() for line in lines}
    assert shown["url"] == "# crossdock.toml"
    assert shown["lease"] == "# CROSSDOCK_QUEUE__LEASE"
    assert shown["lock_timeout"] == "# default"
    of_app = text.partition("[apps.file-importer]")[2]
    assert re.search(r"^retry\.max_attempts = 3 +# crossdock\.toml$", of_app, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://crossdock:s3cret@db/work", "postgresql://crossdock:***@db/work"),
        (
            "postgresql:///work?host=db&password=s3cret&port=5",
            "postgresql:///work?host=db&password=***&port=5",
        ),
    ],
)
def test_a_password_is_not_shown(loading: Callable[..., Loaded], url: str, shown: str) -> None:
    loaded = loading("", {"CROSSDOCK_STORE__URL": url})
    assert "s3cret" not in to_toml(loaded, origins=True)
    assert {key: value for key, value, _ in settings(loaded)}["store", "url"] == shown


def test_where_the_password_of_the_store_is_kept_is_shown_with_its_origin(
    loading: Callable[..., Loaded],
) -> None:
    text = to_toml(loading('[store]\npassword = { env = "PW" }\n'), origins=True)
    assert re.search(r'^password = \{ env = "PW" \} +# crossdock\.toml$', text, flags=re.MULTILINE)


def test_the_template_says_what_holds_anyway(loading: Callable[..., Loaded]) -> None:
    assert loading(TEMPLATE).config == Config()


def test_the_template_shows_every_key_with_its_default(loading: Callable[..., Loaded]) -> None:
    lines = [line.removeprefix("# ") for line in TEMPLATE.splitlines()]
    plain = "\n".join(line for line in lines if " = " in line or line.startswith("["))
    shown = tomllib.loads(plain)
    for key, value, _ in settings(loading("")):
        found: Any = shown
        for part in key:
            found = found[part]
        assert found == value, key


def test_the_schema_knows_every_key(loading: Callable[..., Loaded]) -> None:
    schema = json_schema()
    definitions = schema["$defs"]
    for key, _, _ in settings(loading(FILE)):
        table = schema
        for part in key[:-1]:
            table = _below(table, part, definitions, inner=key[-1])
        assert key[-1] in table["properties"], key
        assert table["additionalProperties"] is False


def test_the_schema_tells_nothing_that_toml_cannot_write() -> None:
    assert "null" not in str(json_schema())
    assert "None" not in str(json_schema())


def _below(table: dict[str, Any], part: str, definitions: dict[str, Any], *, inner: str) -> dict[str, Any]:
    """Return the schema of a table under another; of the tables that adapters take, the one with a certain key."""
    found = table.get("properties", {}).get(part) or table["additionalProperties"]
    if "anyOf" in found:
        return next(one for one in found["anyOf"] if inner in one["properties"])
    reference = found.get("$ref")
    return definitions[reference.rpartition("/")[2]] if reference else found
