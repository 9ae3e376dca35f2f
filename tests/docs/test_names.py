"""Every name that the documents use exists in the code, and every public name of the code is in the documents."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import crossdock
from crossdock.api.errors import KINDS
from crossdock.cli.application import command
from crossdock.config.loading import load
from crossdock.config.model import Config
from crossdock.domain.errors import CrossdockError, InvalidMessage
from crossdock.domain.lifecycle import FailureCode, Status
from crossdock.domain.process_events import catalogue
from crossdock.store import published, tables
from crossdock.store.postgresql import published as on_postgresql
from tests.docs.pages import DOCS, ROOT, Block, blocks_of, name_of, pages, prose_of
from tools import generate_python_reference

REFERENCE = DOCS / "reference"
SOURCES = sorted((ROOT / "src" / "crossdock").rglob("*.py"))
SPANS = re.compile(r"`([^`\n]+)`")
CAPITALS = re.compile(r"[A-Z][A-Z_]{5,}")
OF_SQLITE = {"ANALYZE", "COMMIT", "INSERT", "UPDATE", "SELECT", "TRUNCATE", "DELETE"}
OF_SYSTEM = {"FORWARDED_ALLOW_IPS", "NO_COLOR", "PGPASSWORD", "TODOIST_API_TOKEN"}
VARIABLES = ("CROSSDOCK_", "TASK_PRIORITY_")
OF_TODOIST = {"CONTENT", "INDENT", "PRIORITY", "RESPONSIBLE"}  # columns of its exports
OF_ICALENDAR = {
    "CATEGORIES", "COUNT", "DTSTAMP", "EXDATE", "EXRULE", "RDATE", "RRULE", "SEQUENCE", "UNTIL", "VTODO",
}  # fmt: skip


def errors() -> Iterator[type[CrossdockError]]:
    """Give every exception class that users may meet; a store's own ones are caught inside it."""
    waiting = [CrossdockError]
    while waiting:
        found = waiting.pop()
        if found.__module__ == CrossdockError.__module__:
            yield found
        waiting += found.__subclasses__()


def literals(pattern: str, *, under: str = "") -> set[str]:
    """Return what a pattern finds in the code."""
    chosen = [path for path in SOURCES if under in path.as_posix()]
    return {name for path in chosen for name in re.findall(pattern, path.read_text(encoding="utf-8"))}


EVENTS = {name for name in catalogue() if name.startswith("message.")}
KEYS_TOO = {"queue", "store", "schedule", "config", "handler", "message", "consume", "worker", "breaker"}
"""First words that keys of the configuration, methods and files have, too."""
CODES = {error.code for error in errors()} | {code.value for code in FailureCode} | set(KINDS)


def column(page: Path, number: int) -> list[str]:
    """Return the code spans that stand alone in a column of a page's tables."""
    rows = [line.split("|") for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [row[number].strip() for row in rows if len(row) > number + 1]
    return [cell.strip("`") for cell in cells if re.fullmatch(r"`[^`]+`", cell)]


def spans(page: Path) -> list[str]:
    """Return everything that a page sets as code within its sentences."""
    return SPANS.findall(prose_of(page))


class TestErrorsAndEvents:
    def test_error_page_lists_every_class_with_its_code(self) -> None:
        text = (REFERENCE / "errors.md").read_text(encoding="utf-8")
        listed = dict(re.findall(r"^\| `(\w+)` \| `([A-Z_]+)` \|", text, flags=re.MULTILINE))
        assert listed == {error.__name__: error.code for error in errors()}

    def test_error_page_draws_the_tree_of_the_code(self) -> None:
        tree = next(block for block in blocks_of(REFERENCE / "errors.md") if block.language == "text").text
        from crossdock.domain import errors as module

        drawn = re.search(r"::\n\n(.*?)\n*$", module.__doc__ or "", flags=re.DOTALL)
        assert drawn is not None
        assert [line.strip() for line in drawn[1].splitlines()] == [
            line.strip() for line in tree.splitlines()
        ]

    def test_error_page_lists_every_failure_code(self) -> None:
        page = REFERENCE / "errors.md"
        assert {code.value for code in FailureCode} <= set(column(page, 1))

    @pytest.mark.parametrize("page", pages(), ids=name_of)
    def test_every_code_in_the_documents_exists(self, page: Path) -> None:
        named = {span for span in spans(page) if CAPITALS.fullmatch(span)}
        foreign = OF_SQLITE | OF_SYSTEM | OF_TODOIST | OF_ICALENDAR
        unknown = {name for name in named - CODES - foreign if not name.startswith(VARIABLES)}
        assert unknown <= set(vars(published)) | {"COMPLETE"}

    def test_timeline_page_lists_every_event(self) -> None:
        assert set(column(REFERENCE / "timeline.md", 1)) == EVENTS

    @pytest.mark.parametrize("page", pages(), ids=name_of)
    def test_every_event_in_the_documents_exists(self, page: Path) -> None:
        shown = [block.text for block in blocks_of(page) if block.language == "output"]
        named = set(re.findall(r"(?<![\w./])message\.[a-z_]+", " ".join([*spans(page), *shown])))
        assert named <= EVENTS | {"message.id"}

    def test_events_page_lists_every_event(self) -> None:
        listed = [name for name in column(REFERENCE / "events.md", 1) if "." in name]
        assert listed == list(catalogue())

    @pytest.mark.parametrize("page", pages(), ids=name_of)
    def test_every_name_that_looks_like_an_event_is_one(self, page: Path) -> None:
        subjects = "|".join({name.partition(".")[0] for name in catalogue()} - KEYS_TOO)
        found = {span for span in spans(page) if re.fullmatch(rf"(?:{subjects})\.[a-z_]+", span)}
        assert found <= set(catalogue()) | {"message.id"}

    def test_names_of_events_stand_in_the_catalogue_alone(self) -> None:
        found = {
            f"{path.name}: {name}"
            for path in SOURCES
            if "migrations" not in path.parts and not path.name.endswith("events.py")
            for name in catalogue()
            if re.search(rf"""["']{re.escape(name)}["':]""", path.read_text(encoding="utf-8"))
        }
        assert found == set()

    def test_glossary_names_every_status(self) -> None:
        assert {status.value for status in Status} <= set(spans(DOCS / "glossary.md"))


class TestCommand:
    def test_every_command_in_the_documents_exists(self) -> None:
        tree = command()
        for page, line in command_lines():
            assert (problem := problem_of(line, tree)) is None, f"{page}: {line}: {problem}"

    def test_every_command_is_in_its_reference(self) -> None:
        text = (REFERENCE / "cli.md").read_text(encoding="utf-8")
        assert [path for path in command_paths(command()) if path not in text] == []


def command_lines() -> Iterator[tuple[str, str]]:
    """Give every use of the command in the documents."""
    for page in pages():
        for span in spans(page):
            if span.startswith("crossdock "):
                yield name_of(page), span
        for block in blocks_of(page):
            if block.language in {"console", "sh"}:
                for line in block.text.splitlines():
                    found = re.search(r"(?:^\$ |[;&|] )(crossdock [^|;&>]*)", line)
                    if found and not found[1].startswith("crossdock …"):
                        yield name_of(page), found[1]


def problem_of(line: str, tree: Any) -> str | None:
    """Return what a line names that the command does not have."""
    at, words = tree, line.split()[1:]
    while words and re.fullmatch(r"[a-z]+", words[0]) and getattr(at, "list_commands", None):
        if words[0] not in at.list_commands(None):
            return f"no command {words[0]!r}"
        at = at.get_command(None, words.pop(0))
    known = {option for parameter in at.params for option in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help", "-h"}
    unknown = [word for word in words if re.fullmatch(r"--[a-z][a-z-]+", word) and word not in known]
    return f"no option {unknown[0]}" if unknown else None


def command_paths(at: Any, path: str = "crossdock") -> Iterator[str]:
    """Give every command with the groups before it."""
    if getattr(at, "list_commands", None) is None:
        yield path
        return
    for name in at.list_commands(None):
        yield from command_paths(at.get_command(None, name), f"{path} {name}")


class TestConfiguration:
    @pytest.mark.parametrize(
        "block",
        [block for page in pages() for block in blocks_of(page) if block.language == "toml"],
        ids=lambda block: f"{block.page}:{block.line}",
    )
    def test_every_configuration_in_the_documents_is_valid(self, block: Block, tmp_path: Path) -> None:
        if block.reason is None:
            (tmp_path / "crossdock.toml").write_text(block.text, encoding="utf-8")
            load(tmp_path / "crossdock.toml", environ={})

    def test_every_key_is_in_its_reference(self) -> None:
        text = (REFERENCE / "configuration.md").read_text(encoding="utf-8")
        assert [key for key in keys(Config) if key not in text] == []

    def test_every_variable_in_the_documents_exists(self) -> None:
        for page in pages():
            for variable in re.findall(r"\bCROSSDOCK_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8")):
                name, *inner = variable.removeprefix("CROSSDOCK_").lower().split("__")
                if inner:
                    assert name in Config.model_fields, f"{page}: {variable}"
                    assert set(inner) & set(keys(Config)), f"{page}: {variable}"
                else:
                    assert any(variable in path.read_text(encoding="utf-8") for path in SOURCES), variable


def keys(model: Any) -> Iterator[str]:
    """Give the name of every key, without the tables before it."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        arguments = getattr(inner, "__args__", ())
        inner = arguments[-1] if arguments and hasattr(arguments[-1], "model_fields") else inner
        if hasattr(inner, "model_fields"):
            yield from keys(inner)
        else:
            yield name


class TestTables:
    def test_every_column_is_described(self) -> None:
        text = (REFERENCE / "sql.md").read_text(encoding="utf-8")
        for table in (tables.data_staging, tables.audit_log):
            section = text.split(f"\n## {table.name}\n")[1].split("\n## ")[0]
            assert re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE) == [
                c.name for c in table.columns
            ]

    def test_defaults_are_those_of_the_table(self) -> None:
        described = dict(re.findall(r"^\| `(\w+)` \| \w+ \| `([^`]+)` \|", sql_page(), flags=re.MULTILINE))
        for name, default in described.items():
            given = tables.data_staging.columns[name].server_default
            assert given is not None
            assert str(given.arg) == default, name  # type: ignore[attr-defined]  # DefaultClause has it

    def test_further_tables_have_the_columns_that_are_listed(self) -> None:
        for name in ("queue_state", "crossdock_schema"):
            line = next(line for line in sql_page().splitlines() if line.startswith(f"| `{name}` |"))
            assert SPANS.findall(line)[1:] == [c.name for c in tables.metadata.tables[name].columns]

    def test_views_have_the_columns_that_are_listed(self) -> None:
        with crossdock.Queue.testing() as queue:
            database = queue._store.open_store._writer
            for name, listed in re.findall(r"^\| `(\w+)` \| (`[^|]+`) \|", views(), flags=re.MULTILINE):
                found = [row[0] for row in database.execute(f"SELECT * FROM {name}").description]
                assert SPANS.findall(listed) == found, name
            made = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
        assert made == set(re.findall(r"^\| `(\w+)` \|", views(), flags=re.MULTILINE))

    def test_published_statements_are_word_for_word_in_the_page(self) -> None:
        shown = {block.title: block.text.rstrip() for block in blocks_of(REFERENCE / "sql.md") if block.title}
        assert shown == {name: value for name, value in vars(published).items() if name.endswith("_SQL")}

    def test_statements_of_postgresql_are_those_of_the_module(self) -> None:
        (shown,) = [block.text for block in blocks_of(REFERENCE / "sql.md") if block.reason]
        theirs = [value for name, value in vars(on_postgresql).items() if name.endswith("_SQL")]
        assert [statement.strip() for statement in shown.split(";")[:-1]] == theirs

    def test_sql_worker_uses_the_published_statements(self) -> None:
        page = DOCS / "how-to" / "other-languages.md"
        worker = next(block.text for block in blocks_of(page) if block.title == "sql_worker.py")
        for statement in (published.CLAIM_SQL, published.COMPLETE_SQL, published.FAIL_SQL):
            assert statement in worker

    @pytest.mark.parametrize(
        "block",
        [
            block
            for page in pages()
            for block in blocks_of(page)
            if block.language == "sql" and not block.reason
        ],
        ids=lambda block: f"{block.page}:{block.line}",
    )
    def test_every_statement_in_the_documents_can_be_prepared(self, block: Block) -> None:
        names = dict.fromkeys(re.findall(r":([a-z_]+)", block.text), "1")
        with crossdock.Queue.testing() as queue:
            queue._store.open_store._writer.execute(f"EXPLAIN {block.text}", names).fetchall()


def sql_page() -> str:
    """Return the page about SQL."""
    return (REFERENCE / "sql.md").read_text(encoding="utf-8")


def views() -> str:
    """Return its section about views."""
    return sql_page().split("\n## Views\n")[1].split("\n## ")[0]


class TestPages:
    def test_python_reference_describes_every_public_name(self) -> None:
        described = generate_python_reference.described()
        assert set(crossdock.__all__) - described == {error.__name__ for error in errors()}

    def test_navigation_names_every_page(self) -> None:
        navigation = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
        assert sorted(leaves(navigation)) == sorted(
            page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")
        )

    def test_start_page_leads_to_every_page(self) -> None:
        linked = set(re.findall(r"\]\(([\w/-]+\.md)", (DOCS / "index.md").read_text(encoding="utf-8")))
        linked |= {
            f"adr/{name}"
            for name in re.findall(
                r"\]\((\d[\w-]+\.md)", (DOCS / "adr" / "index.md").read_text(encoding="utf-8")
            )
        }
        assert {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} - linked == {"index.md"}

    def test_the_layout_of_the_code_is_as_it_is_told(self) -> None:
        text = (DOCS / "explanation" / "architecture.md").read_text(encoding="utf-8")
        spans = set(SPANS.findall(text))
        homes = [ROOT, ROOT / "src" / "crossdock", ROOT / "src" / "task_priority"]
        paths = {span for span in spans if "/" in span}
        assert {path for path in paths if not any((home / path).exists() for home in homes)} == set()
        package = ROOT / "src" / "crossdock"
        layers = {path.parent if path.name == "__init__.py" else path for path in SOURCES}
        names = {path.stem for path in layers if path.parent == package and not path.stem.startswith("_")}
        assert names - spans == set()

    def test_links_of_the_readme_lead_somewhere(self) -> None:
        for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(ROOT / "README.md")):
            path, _, anchor = target.partition("#")
            page = ROOT / (path or "README.md")
            assert page.exists(), target
            assert not anchor or anchor in anchors(page), target

    def test_limits_in_the_documents_are_those_of_the_code(self) -> None:
        with crossdock.Queue.testing() as queue, pytest.raises(InvalidMessage):
            queue.send("a", "x" * (64 * 1024 * 1024))


def leaves(navigation: Any) -> Iterator[str]:
    """Give every page of the navigation."""
    match navigation:
        case str():
            yield navigation
        case list():
            for entry in navigation:
                yield from leaves(entry)
        case dict():
            for entry in navigation.values():
                yield from leaves(entry)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made of the words."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
