"""Wrong configurations, and the exact words that say so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crossdock.config import Loaded, load
from crossdock.domain.errors import ConfigError

DURATION = 'expected a duration such as "500ms", "30s" or "1h30m"'

WRONG_FILES = [
    ("[sotre]\n", "crossdock.toml: sotre: unknown key; did you mean store?"),
    (
        "[zebra]\n",
        (
            "crossdock.toml: zebra: unknown key; known here: store, queue, retention, run, log, api, apps, schedules, "
            "applications"
        ),
    ),
    ('[store]\nulr = "x"\n', "crossdock.toml: store.ulr: unknown key; did you mean url?"),
    (
        '[store]\nurl = "postgresql+psycopg://db/orders"\n[retention]\nto_files = true\n',
        (
            "crossdock.toml: retention.to_files: a store on PostgreSQL has no file beside which archived messages "
            "could go to files; name a folder with retention.folder"
        ),
    ),
    ("[apps.v]\nretrry = 1\n", "crossdock.toml: apps.v.retrry: unknown key; did you mean retry?"),
    (
        '[apps.v]\ninbuond = { file = "in" }\n',
        "crossdock.toml: apps.v.inbuond: unknown key; did you mean inbound?",
    ),
    (
        '[apps.v]\ninbound = { python = "a:b" }\n',
        "crossdock.toml: apps.v.inbound: python works in the other direction only; known here: file, http, process",
    ),
    (
        "[apps.v]\noutbound = 3\n",
        (
            "crossdock.toml: apps.v.outbound: expected a table that names an adapter, such as "
            '{ python = "orders.checks:validate" }, given 3'
        ),
    ),
    (
        '[apps.v]\nnext = "w"\n',
        'crossdock.toml: apps.v.next: expected an array of the names of apps, such as ["warehouse"], given "w"',
    ),
    (
        '[apps.v]\nnext = ["a b"]\n',
        (
            "crossdock.toml: apps.v.next.0: expected a name of 1 to 128 letters, digits, '.', '_' or '-', a letter "
            'or digit first, given "a b"'
        ),
    ),
    (
        '[apps.v]\noutbound = { python = "orders.checks" }\n',
        (
            "crossdock.toml: apps.v.outbound.python: expected a module and a function in it, such as "
            '"orders.checks:validate", given "orders.checks"'
        ),
    ),
    (
        '[apps.v]\noutbound = { pyton = "a:b" }\n',
        "crossdock.toml: apps.v.outbound.pyton: unknown key; did you mean python?",
    ),
    (
        '[apps.v]\nsubscribe = [{ typ = "order.*" }]\n',
        "crossdock.toml: apps.v.subscribe.0.typ: unknown key; did you mean type?",
    ),
    (
        "[apps.v]\nsubscribe = [{}]\n",
        (
            "crossdock.toml: apps.v.subscribe.0: expected a table with type, source or subject, such as "
            '{ type = "order.*" }, given a table'
        ),
    ),
    (
        '[apps.v]\nsubscribe = { type = "order.*" }\n',
        "crossdock.toml: apps.v.subscribe: expected an array of tables, given a table",
    ),
    (
        "[apps.v]\nconcurrency = 0\n",
        "crossdock.toml: apps.v.concurrency: expected a whole number of 1 or more, given 0",
    ),
    (
        '[apps.v]\ntimeout = "0s"\n',
        'crossdock.toml: apps.v.timeout: expected a duration of more than 0, such as "30s", given "0s"',
    ),
    ("[run]\nworker = 2\n", "crossdock.toml: run.worker: unknown key; did you mean workers?"),
    (
        "[apps.v.retry]\nmax_atempts = 3\n",
        "crossdock.toml: apps.v.retry.max_atempts: unknown key; did you mean max_attempts?",
    ),
    ("store = 3\n", "crossdock.toml: store: expected a table, given 3"),
    ("apps = []\n", "crossdock.toml: apps: expected a table, given an array"),
    ("[apps]\nv = true\n", "crossdock.toml: apps.v: expected a table, given true"),
    ("[queue]\nretry = 3\n", "crossdock.toml: queue.retry: expected a table, given 3"),
    (
        '[store]\nurl = "work.db"\n',
        (
            'crossdock.toml: store.url: expected a URL such as "sqlite:///crossdock.db", given "work.db"; '
            'did you mean "sqlite:///work.db"?'
        ),
    ),
    (
        "[store]\nurl = 5\n",
        'crossdock.toml: store.url: expected a URL such as "sqlite:///crossdock.db", given 5',
    ),
    (
        "[store]\nurl = {}\n",
        'crossdock.toml: store.url: expected a URL such as "sqlite:///crossdock.db", given a table',
    ),
    (
        '[store]\noutside_writers = "yes"\n',
        'crossdock.toml: store.outside_writers: expected true or false, given "yes"',
    ),
    (
        "[store]\noutside_writers = 1\n",
        "crossdock.toml: store.outside_writers: expected true or false, given 1",
    ),
    (
        '[store]\nmin_free_bytes = "64 megs"\n',
        'crossdock.toml: store.min_free_bytes: expected a number of bytes, or a size such as "64 MiB", given "64 megs"',
    ),
    (
        "[store]\nmin_free_bytes = -1\n",
        'crossdock.toml: store.min_free_bytes: expected a number of bytes, or a size such as "64 MiB", given -1',
    ),
    (
        "[store]\nmin_free_bytes = 1.5\n",
        'crossdock.toml: store.min_free_bytes: expected a number of bytes, or a size such as "64 MiB", given 1.5',
    ),
    ("[store]\nlock_timeout = 10\n", f"crossdock.toml: store.lock_timeout: {DURATION}, given 10"),
    (
        "[store]\nlock_timeout = 2031-05-17\n",
        f"crossdock.toml: store.lock_timeout: {DURATION}, given 2031-05-17",
    ),
    (
        '[queue]\nlease = "1ms"\n',
        'crossdock.toml: queue.lease: expected a duration of 10 ms or more, such as "30s", given "1ms"',
    ),
    (
        "[queue]\nmax_crashes = 0\n",
        "crossdock.toml: queue.max_crashes: expected a whole number of 1 or more, given 0",
    ),
    (
        '[queue]\nmax_crashes = "3"\n',
        'crossdock.toml: queue.max_crashes: expected a whole number of 1 or more, given "3"',
    ),
    (
        "[queue.retry]\nmax_attempts = 2.5\n",
        "crossdock.toml: queue.retry.max_attempts: expected a whole number of 1 or more, given 2.5",
    ),
    (
        '[apps.v]\nretry = { backoff = "5m..1s" }\n',
        (
            'crossdock.toml: apps.v.retry.backoff: expected two durations, the smaller first, such as "1s..5m", '
            'given "5m..1s"'
        ),
    ),
    (
        '[apps.v]\nretry = { time_budget = "soon" }\n',
        f'crossdock.toml: apps.v.retry.time_budget: {DURATION}, given "soon"',
    ),
    (
        "[apps.v]\nretry = { jitter = 0 }\n",
        "crossdock.toml: apps.v.retry.jitter: expected true or false, given 0",
    ),
    (
        '[apps.v]\non_dead = "hold"\n',
        'crossdock.toml: apps.v.on_dead: expected "release" or "block", given "hold"',
    ),
    (
        '[apps."my app"]\n',
        (
            "crossdock.toml: apps.\"my app\": expected a name of 1 to 128 letters, digits, '.', '_' or '-', "
            'a letter or digit first, given "my app"'
        ),
    ),
    (
        f'[apps.v]\non_dead = "{"x" * 90}"\n',
        f'crossdock.toml: apps.v.on_dead: expected "release" or "block", given "{"x" * 59}…',
    ),
    ("a b", "crossdock.toml: line 1, column 3: not TOML: expected '=' after a key in a key/value pair"),
    ('[store]\nurl = "x', "crossdock.toml: end of document: not TOML: unterminated string"),
    ("[store]\n[store]\n", "crossdock.toml: line 2, column 7: not TOML: cannot declare ('store',) twice"),
]

WRONG_SCHEDULES = [
    (
        'cron = "0 25 * * *"',
        ".cron: hour: '25' is not a number from 0 to 23; \"0 7 * * 1-5\" is 7:00 from Monday to Friday",
    ),
    (
        'cron = "0 7 * * *"\ntimezone = "Europe/Pris"',
        ".timezone: 'Europe/Pris' is not a time zone that is known here; did you mean Europe/Paris?",
    ),
    ('every = "5m"\ncron = "0 7 * * *"', ": one of cron, every and at must say when; given cron and every"),
    ("data = 1", ": one of cron, every and at must say when; given none"),
    ('every = "5m"\ntimezone = "Europe/Paris"', ": timezone is for cron alone"),
    ("at = 2031-01-01T00:00:00Z\nstart = 2030-01-01T00:00:00Z", ": start is for cron and every alone"),
    ('every = "10ms"', '.every: expected a duration from 1 second to 3653 days, such as "5m", given "10ms"'),
    (
        "at = 2031-05-17T08:30:00",
        ".at: expected an instant with its offset, such as 2031-05-17T08:30:00+02:00, given 2031-05-17 08:30:00",
    ),
    ('every = "1h"\nmissed = "last"', '.missed: expected "latest", "all" or "skip", given "last"'),
    ('every = "1h"\nmised = "all"', ".mised: unknown key; did you mean missed?"),
    (
        'every = "1h"\ndata = { day = 2031-05-17 }',
        ".data: not a JSON value: Object of type date is not JSON serializable",
    ),
    ('every = "1h"\npriority = 10', ".priority: expected a whole number from 0 to 9, given 10"),
]

WRONG_VARIABLES = [
    ({"CROSSDOCK_STORE__ULR": "x"}, "CROSSDOCK_STORE__ULR: unknown key; did you mean CROSSDOCK_STORE__URL?"),
    (
        {"CROSSDOCK_STORE_URL": "x"},
        "CROSSDOCK_STORE_URL: unknown variable; did you mean CROSSDOCK_STORE__URL?",
    ),
    (
        {"CROSSDOCK_RETENTION_TO_FILES": "false"},
        "CROSSDOCK_RETENTION_TO_FILES: unknown variable; did you mean CROSSDOCK_RETENTION__TO_FILES?",
    ),
    ({"CROSSDOCK_STORE__LOCK_TIMEOUT": "10"}, f"CROSSDOCK_STORE__LOCK_TIMEOUT: {DURATION}, given 10"),
    (
        {"CROSSDOCK_STORE__OUTSIDE_WRITERS": "yes"},
        'CROSSDOCK_STORE__OUTSIDE_WRITERS: expected true or false, given "yes"',
    ),
    (
        {"CROSSDOCK_QUEUE__MAX_CRASHES": "0"},
        "CROSSDOCK_QUEUE__MAX_CRASHES: expected a whole number of 1 or more, given 0",
    ),
    (
        {"CROSSDOCK_APPS__V__ON_DEAD": "hold"},
        'CROSSDOCK_APPS__V__ON_DEAD: expected "release" or "block", given "hold"',
    ),
    (
        {"CROSSDOCK_SCHEDULES__REPORT__CRON": "0 7 * * 8"},
        (
            "CROSSDOCK_SCHEDULES__REPORT__CRON: day of week: '8' is not a number from 0 to 7, or a name from SUN to "
            'SAT; "0 7 * * 1-5" is 7:00 from Monday to Friday'
        ),
    ),
]


@pytest.mark.parametrize(("text", "message"), WRONG_FILES)
def test_a_wrong_file_is_explained(loading: Callable[..., Loaded], text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loading(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(("text", "message"), WRONG_SCHEDULES)
def test_a_wrong_schedule_is_explained(loading: Callable[..., Loaded], text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loading(f"[schedules.report]\n{text}\n")
    assert str(caught.value) == f"crossdock.toml: schedules.report{message}"


@pytest.mark.parametrize(("environ", "message"), WRONG_VARIABLES)
def test_a_wrong_variable_is_explained(
    loading: Callable[..., Loaded], environ: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        loading(environ=environ)
    assert str(caught.value) == message


def test_everything_wrong_is_told_at_once(loading: Callable[..., Loaded]) -> None:
    text = '[store]\nulr = "x"\n[queue]\nmax_crashes = 0\n[apps.v]\non_dead = "hold"\n'
    with pytest.raises(ConfigError) as caught:
        loading(text, {"CROSSDOCK_QUEUE__LEASE": "soon"})
    assert [line.split(": ")[:2] for line in str(caught.value).splitlines()] == [
        ["crossdock.toml", "store.ulr"],
        ["CROSSDOCK_QUEUE__LEASE", 'expected a duration of 10 ms or more, such as "30s", given "soon"'],
        ["crossdock.toml", "queue.max_crashes"],
        ["crossdock.toml", "apps.v.on_dead"],
    ]


def test_an_option_is_named_as_it_was_typed(loading: Callable[..., Loaded]) -> None:
    with pytest.raises(ConfigError) as caught:
        loading(options={"--store": (("store", "url"), "work.db")})
    assert str(caught.value).startswith(
        '--store: expected a URL such as "sqlite:///crossdock.db", given "work.db"'
    )


def test_a_file_that_was_asked_for_must_be_there() -> None:
    with pytest.raises(ConfigError) as caught:
        load("conf/crossdock.toml", environ={})
    assert str(caught.value) == "conf/crossdock.toml: cannot be read: No such file or directory"


def test_a_file_must_be_text(folder: Path) -> None:
    (folder / "crossdock.toml").write_bytes(b'[store]\nurl = "\xff"\n')
    with pytest.raises(ConfigError) as caught:
        load(environ={})
    assert str(caught.value) == "crossdock.toml: not UTF-8 (byte 16)"
