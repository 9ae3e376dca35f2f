"""A queue as the configuration describes it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import AsyncQueue, ConfigError, Queue, RetryPolicy, StoreUnavailable
from crossdock.config import load
from crossdock.store.liveness import live_owners
from tests.contract.case import claim_one

CONFIGURATION = """
[store]
url = "sqlite:///data/work.db"
lock_timeout = "3s"
min_free_bytes = "1 MiB"
outside_writers = true

[queue]
lease = "7s"
max_crashes = 2
retry = { max_attempts = 5 }

[apps.validator]
retry = { backoff = "2s..1m" }
on_dead = "block"

[apps.mailer]
on_dead = "release"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with a configuration the current one."""
    for name in [name for name in os.environ if name.startswith("CROSSDOCK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "crossdock.toml").write_text(CONFIGURATION, encoding="utf-8")
    return tmp_path


def on_dead(queue: Any) -> dict[str, str]:
    return {app: rules.on_dead for app, rules in queue._store.read(lambda reader: reader.rules()).items()}


class TestWhatIsInForce:
    def test_store_and_its_settings(self, folder: Path) -> None:
        with Queue.from_config(app="shop") as queue:
            store = queue._store
            assert store.location.path == folder / "data" / "work.db"
            assert store.journal_mode == "truncate"
            settings = store._settings
            assert (settings.lock_timeout, settings.min_free_bytes) == (timedelta(seconds=3), 1024**2)
            assert queue.send("validator", 1).source == "shop"

    def test_rules_of_the_queue_and_of_its_apps(self) -> None:
        with Queue.from_config() as queue:
            policies = queue._gateway.policies
            assert (policies.lease, policies.max_crashes) == (timedelta(seconds=7), 2)
            assert policies.of("any") == RetryPolicy(max_attempts=5)
            assert policies.of("validator").backoff_min == timedelta(seconds=2)
            assert policies.of("validator").max_attempts == 5

    def test_what_a_dead_letter_does_to_its_key(self) -> None:
        with Queue.from_config() as queue:
            assert on_dead(queue) == {"validator": "block"}
            queue.send_many("validator", [1, 2], partition_key="k")
            claim_one(queue, "validator").fail("no")
            assert queue.claim("validator") == []

    def test_asyncio_has_the_same(self, folder: Path) -> None:
        async def look() -> None:
            async with AsyncQueue.from_config() as queue:
                assert queue._store.location.path == folder / "data" / "work.db"
                assert on_dead(queue) == {"validator": "block"}

        asyncio.run(look())


class TestSchedules:
    REPORT = """
[schedules.report]
cron = "0 7 * * 1-5"
timezone = "Europe/Paris"
app = "reporter"
data = { kind = "daily" }
priority = 7

[schedules.poll]
every = "5m"
"""

    def test_they_are_put_into_force(self, folder: Path) -> None:
        self.write(folder, self.REPORT)
        with Queue.from_config() as queue:
            report, poll = queue.schedule("report"), queue.schedule("poll")
        assert (report.app, report.cron, report.timezone) == ("reporter", "0 7 * * 1-5", "Europe/Paris")
        assert (report.data, report.options, report.configured) == ({"kind": "daily"}, {"priority": 7}, True)
        assert (poll.app, poll.interval, poll.data) == ("poll", timedelta(minutes=5), None)

    def test_nothing_is_written_where_nothing_differs(self, folder: Path) -> None:
        self.write(folder, self.REPORT)
        with Queue.from_config() as queue:
            before = queue.schedules()
        with Queue.from_config(app="another") as queue:
            assert queue.schedules() == before

    def test_what_differs_is_replaced_and_said(self, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
        self.write(folder, self.REPORT)
        Queue.from_config().close()
        assert "schedule.replaced" not in caplog.text
        self.write(folder, self.REPORT.replace("0 7", "0 8"))
        with Queue.from_config() as queue:
            assert queue.schedule("report").cron == "0 8 * * 1-5"
        assert caplog.text.count("schedule.replaced: schedule report") == 1

    def test_what_is_not_in_the_file_any_more_stays(self, folder: Path) -> None:
        self.write(folder, self.REPORT)
        Queue.from_config().close()
        self.write(folder, "")
        with Queue.from_config() as queue:
            assert [one.name for one in queue.schedules()] == ["poll", "report"]

    def test_a_variable_may_change_one(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.write(folder, self.REPORT)
        monkeypatch.setenv("CROSSDOCK_SCHEDULES__POLL__EVERY", "7m")
        with Queue.from_config() as queue:
            assert queue.schedule("poll").interval == timedelta(minutes=7)

    def test_text_that_no_message_may_have_is_a_wrong_setting(self, folder: Path) -> None:
        self.write(folder, self.REPORT + 'subject = "a\\u0007b"\n')
        with pytest.raises(ConfigError, match=r"schedules\.poll: subject: has control characters"):
            Queue.from_config()

    def write(self, folder: Path, text: str) -> None:
        (folder / "crossdock.toml").write_text(CONFIGURATION + text, encoding="utf-8")


class TestWhereItComesFrom:
    def test_variable_goes_before_the_file(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CROSSDOCK_STORE__URL", "sqlite:///other.db")
        monkeypatch.setenv("CROSSDOCK_APPS__VALIDATOR__ON_DEAD", "release")
        with Queue.from_config() as queue:
            assert queue._store.location.path == folder / "other.db"
            assert on_dead(queue) == {}

    @pytest.mark.parametrize("form", [str, Path])
    def test_another_file_may_be_named(self, folder: Path, form: Callable[[Path], Any]) -> None:
        place = folder / "elsewhere"
        place.mkdir()
        (place / "my.toml").write_text('[store]\nurl = "sqlite:///mine.db"\n', encoding="utf-8")
        with Queue.from_config(form(place / "my.toml")) as queue:
            assert queue._store.location.path == place / "mine.db"

    def test_one_that_was_loaded_may_be_given(self, folder: Path) -> None:
        loaded = load(options={"--store": (("store", "url"), "sqlite:///given.db")})
        with Queue.from_config(loaded) as queue:
            assert queue._store.location.path == folder / "given.db"

    def test_without_a_file_defaults_hold(self, folder: Path) -> None:
        (folder / "crossdock.toml").unlink()
        with Queue.from_config() as queue:
            assert queue._store.location.path == folder / "crossdock.db"

    def test_wrong_one_is_told_before_anything_is_opened(self, folder: Path) -> None:
        (folder / "crossdock.toml").write_text("[queue]\nmax_crashes = 0\nleese = 1\n", encoding="utf-8")
        with pytest.raises(ConfigError, match=r"max_crashes[\s\S]*leese"):
            Queue.from_config()
        assert list((folder / "data").iterdir()) == []


class TestOnDead:
    def test_nothing_is_written_where_the_store_says_so_already(self) -> None:
        with Queue.from_config() as queue:
            before = version(queue)
            Queue.from_config().close()
            assert version(queue) == before
            queue.set_on_dead("validator", "release")
            before = version(queue)
            Queue.from_config().close()
            assert version(queue) != before
            assert on_dead(queue)["validator"] == "block"

    def test_what_the_configuration_does_not_say_stays(self) -> None:
        with Queue.from_config() as queue:
            queue.set_on_dead("other", "block")
            Queue.from_config().close()
            assert on_dead(queue)["other"] == "block"

    def test_release_frees_what_a_dead_letter_blocked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Queue.from_config() as queue:
            queue.send_many("validator", [1, 2], partition_key="k")
            claim_one(queue, "validator").fail("no")
        monkeypatch.setenv("CROSSDOCK_APPS__VALIDATOR__ON_DEAD", "release")
        with Queue.from_config() as queue:
            assert claim_one(queue, "validator").message.data == 2

    def test_store_that_cannot_take_it_is_closed_again(self, folder: Path) -> None:
        with Queue.from_config() as queue:
            queue.set_on_dead("validator", "release")
            (folder / "crossdock.toml").write_text(CONFIGURATION.replace('"3s"', '"50ms"'), encoding="utf-8")
            with queue._store.open_store.writing_alone(), pytest.raises(StoreUnavailable):
                Queue.from_config()
            assert list(live_owners(queue._store.location.folder)) == [queue._store.owner]


def version(queue: Queue) -> int:
    """Return a number that changes when another connection commits."""
    found: int = queue._store.open_store._writer.execute("PRAGMA data_version").fetchone()[0]
    return found
