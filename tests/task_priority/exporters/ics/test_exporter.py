"""Feeds, files and folders: what is pulled, what is gone, and what changes nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import (
    CredentialError,
    CrossdockError,
    DeliveryError,
    PermanentError,
    RateLimited,
    TransientError,
)
from crossdock.exporting import Exporter, Pull
from task_priority.exporters.ics import IcsExporter, Source, fetching
from task_priority.exporters.ics.hosts import address_of
from tests.adapters.http.certificates import Authority
from tests.task_priority.exporters.ics.feeds import SECRET, Feeds, Reply, feeds

KINDS = frozenset({"events", "todos"})


@pytest.fixture
def served() -> Iterator[Feeds]:
    with feeds() as state:
        yield state


def event(uid: str, *lines: str, stamp: str = "20260101T000000Z") -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{stamp}",
        "DTSTART:20260302T080000Z",
        *lines,
        "END:VEVENT",
    ]


def feed(served: Feeds, path: str = SECRET, name: str = "work") -> IcsExporter:
    return IcsExporter([Source(name, served.url(path), private=True)])


def pulled(exporter: Exporter, states: dict[str, Any] | None = None) -> Pull:
    (pull,) = exporter.pull(states or {})
    return pull


def ids(pull: Pull) -> list[str]:
    return [one.id for one in pull.found]


def test_a_feed_is_everything_that_there_is(served: Feeds) -> None:
    served.serve(*event("a"), "BEGIN:VTODO", "UID:b", "END:VTODO", *event("c")[1:-1])
    pull = pulled(feed(served))
    assert ids(pull) == ["work:b", "work:a"] or ids(pull) == ["work:a", "work:b"]
    assert (pull.scope, pull.whole, pull.ended) == ("work", KINDS, frozenset())
    served.serve(*event("b"))
    assert ids(pulled(feed(served), {"work": pull.state})) == ["work:b"]


def test_a_feed_that_has_not_changed_is_not_sent_again(served: Feeds) -> None:
    served.serve(*event("a"), etag='"1"', last_modified="Mon, 02 Mar 2026 08:00:00 GMT")
    first = pulled(feed(served))
    second = pulled(feed(served), {"work": json.loads(json.dumps(first.state))})
    assert served.asked[1][1]["if-none-match"] == '"1"'
    assert served.asked[1][1]["if-modified-since"] == "Mon, 02 Mar 2026 08:00:00 GMT"
    assert (second.found, second.whole, second.state) == ((), frozenset(), first.state)


def test_a_tag_that_cannot_be_sent_back_is_none(served: Feeds) -> None:
    served.serve(*event("a"), etag='"\xe9\xff"')
    first = pulled(feed(served))
    served.serve(*event("b"), etag='"\xe9\xff"')
    assert ids(pulled(feed(served), {"work": first.state})) == ["work:b"]


def test_a_server_without_tags_is_compared_by_content(served: Feeds) -> None:
    served.serve(*event("a"))
    first = pulled(feed(served))
    second = pulled(feed(served), {"work": first.state})
    assert (second.found, second.whole, second.state) == ((), frozenset(), first.state)


def test_when_a_document_was_written_is_no_change_of_its_events(served: Feeds) -> None:
    served.serve(*event("a"), *event("b", "RECURRENCE-ID:20260302T080000Z"))
    first = pulled(feed(served))
    served.serve(
        *event("a", stamp="20260202T000000Z"),
        *event("b", "RECURRENCE-ID:20260302T080000Z", stamp="20260203T0Z"),
    )
    second = pulled(feed(served), {"work": first.state})
    assert list(second.found) == list(first.found)
    assert second.whole == KINDS


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "it is empty"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n", "it breaks off"),
        (b"<html>Sign in</html>", "a web page, not a calendar; such a page often asks for a login"),
        (b'{"error": 1}', "it does not begin with BEGIN:VCALENDAR"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "it had 1 entry and is suddenly empty"),
    ],
)
def test_what_is_no_whole_calendar_changes_nothing(served: Feeds, body: bytes, says: str) -> None:
    served.serve(*event("a"))
    first = pulled(feed(served))
    served.replies[SECRET] = Reply(body)
    with pytest.raises(TransientError, match=says):
        pulled(feed(served), {"work": first.state})


def test_an_empty_calendar_is_taken_when_everything_is_asked_for(served: Feeds) -> None:
    served.serve()
    assert pulled(feed(served)).whole == KINDS


def test_half_an_answer_changes_nothing(served: Feeds) -> None:
    served.serve(*event("a"))
    served.replies[SECRET].sent_bytes = 60
    served.released.set()
    with pytest.raises(TransientError, match="answers by half: the connection was cut in the middle"):
        pulled(feed(served))


def test_an_answer_that_never_ends_is_left(served: Feeds) -> None:
    served.serve(*event("a"))
    exporter = IcsExporter([Source("work", served.url(), private=True)], longest=timedelta(0))
    with pytest.raises(TransientError, match="takes more than 0 s"):
        pulled(exporter)


def test_an_answer_that_is_too_large_is_left(served: Feeds) -> None:
    served.serve(*event("a", "SUMMARY:" + "x" * 2000))
    exporter = IcsExporter([Source("work", served.url(), private=True)], max_bytes=1000)
    with pytest.raises(TransientError, match="more than 1000 bytes"):
        pulled(exporter)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, CredentialError), (403, CredentialError), (404, PermanentError), (410, PermanentError),
        (418, TransientError), (429, RateLimited), (500, TransientError),
    ],
)  # fmt: skip
def test_each_refusal_says_what_to_do(served: Feeds, status: int, error: type[CrossdockError]) -> None:
    served.replies[SECRET] = Reply(status=status)
    with pytest.raises(error):
        pulled(feed(served))


def test_one_source_that_fails_does_not_stop_the_others(served: Feeds, tmp_path: Path) -> None:
    served.serve(*event("b"), path="second")
    sources = [
        Source(name, served.url(path), private=True)
        for name, path in (("first", "none"), ("second", "second"))
    ]
    pulls = IcsExporter(sources).pull({})
    assert ids(next(pulls)) == ["second:b"]
    with pytest.raises(PermanentError, match="first: there is no calendar"):
        next(pulls)


def test_the_same_event_in_two_feeds_is_two_objects(served: Feeds) -> None:
    served.serve(*event("a"))
    sources = [Source(name, served.url(), private=True) for name in ("one", "two")]
    assert [ids(pull) for pull in IcsExporter(sources).pull({})] == [["one:a"], ["two:a"]]


def test_a_source_that_was_removed_takes_its_objects_along() -> None:
    (pull,) = IcsExporter([]).pull({"old": {"count": 3}})
    assert pull.ended == {"old"}


def test_two_sources_need_two_names() -> None:
    with pytest.raises(ValueError, match="same name"):
        IcsExporter([Source("a", "x.ics"), Source("a", "y.ics")])


class TestMoving:
    def test_a_feed_that_has_moved_is_followed(self, served: Feeds) -> None:
        served.replies[SECRET] = Reply(status=302, headers={"location": "/there"})
        served.serve(*event("a"), path="there")
        assert ids(pulled(feed(served))) == ["work:a"]

    def test_one_that_moves_on_and_on_is_left(self, served: Feeds) -> None:
        served.replies[SECRET] = Reply(status=301, headers={"location": f"/{SECRET}"})
        with pytest.raises(PermanentError, match="on and on"):
            pulled(feed(served))
        assert len(served.asked) == 6

    @pytest.mark.parametrize(
        "there", ["file:///etc/passwd", "http://[bad", "http://127.0.0.1:99999/", "http://127.0.0.1:0/"]
    )
    def test_only_addresses_of_the_web_are_followed(self, served: Feeds, there: str) -> None:
        served.replies[SECRET] = Reply(status=302, headers={"location": there})
        with pytest.raises(TransientError, match="none of the web"):
            pulled(feed(served))

    def test_a_name_that_cannot_be_one_is_left(self, served: Feeds) -> None:
        served.replies[SECRET] = Reply(status=302, headers={"location": "http://xn--/"})
        with pytest.raises(DeliveryError):
            pulled(feed(served))

    def test_what_leads_to_this_machine_is_not_followed(
        self, served: Feeds, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first host stands for one of the open network, the second is what it leads to."""

        def resolve(host: str, port: int, *, private: bool) -> str:
            return "127.0.0.1" if host == "calendar.example" else address_of(host, port, private=private)

        monkeypatch.setattr(fetching, "address_of", resolve)
        served.replies[SECRET] = Reply(status=302, headers={"location": served.url("inside")})
        served.serve(*event("a"), path="inside")
        exporter = IcsExporter([Source("work", served.url(host="calendar.example"))])
        with pytest.raises(
            PermanentError,
            match=r"127\.0\.0\.1 leads to 127\.0\.0\.1 \(loopback\), which is not on the open network",
        ):
            pulled(exporter)
        assert [(path, headers["host"]) for path, headers in served.asked] == [
            (f"/{SECRET}", f"calendar.example:{served.port}")
        ]

    def test_a_feed_on_this_machine_must_be_allowed(self, served: Feeds) -> None:
        with pytest.raises(PermanentError, match=r"say so \(--private\) when connecting it"):
            pulled(IcsExporter([Source("work", served.url())]))
        assert served.asked == []


class TestOverTls:
    """The address is looked up once and connected to; the certificate must be that of the name."""

    @pytest.fixture
    def secure(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feeds]:
        authority = Authority(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        monkeypatch.setattr(fetching, "address_of", lambda *_, **__: "127.0.0.1")
        with feeds(authority.server("calendar.example")) as state:
            yield state

    def test_the_certificate_is_that_of_the_name(self, secure: Feeds) -> None:
        secure.serve(*event("a"))
        exporter = IcsExporter([Source("work", secure.url(host="calendar.example", scheme="webcal"))])
        assert ids(pulled(exporter)) == ["work:a"]

    def test_one_of_another_name_is_refused(self, secure: Feeds) -> None:
        exporter = IcsExporter([Source("work", secure.url(host="other.example", scheme="https"))])
        with pytest.raises(
            TransientError, match=r"other\.example does not answer: its TLS certificate is not accepted"
        ):
            pulled(exporter)

    def test_nothing_leads_from_there_to_plain_http(self, secure: Feeds) -> None:
        secure.replies[SECRET] = Reply(status=302, headers={"location": secure.url(host="calendar.example")})
        exporter = IcsExporter([Source("work", secure.url(host="calendar.example", scheme="https"))])
        with pytest.raises(PermanentError, match="from https to http"):
            pulled(exporter)


def test_the_secret_address_is_told_nowhere(
    served: Feeds, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    served.serve(*event("a"))
    exporter = feed(served)
    told = [repr(exporter._sources), repr(pulled(exporter))]
    replies = [Reply(status=status) for status in (401, 404, 418, 429, 500)]
    replies += [Reply(b"<html>"), Reply(status=302), Reply(status=302, headers={"location": "x" * 70_000})]
    for reply in replies:
        served.replies[SECRET] = reply
        with pytest.raises(CrossdockError) as caught:
            pulled(exporter)
        told += [str(caught.value), repr(caught.value.__cause__)]
    assert SECRET[:16] not in "\n".join([*told, caplog.text])


class TestFiles:
    def test_a_file_is_a_source(self, tmp_path: Path) -> None:
        path = tmp_path / "my.ics"
        path.write_text("\n".join(["BEGIN:VCALENDAR", *event("a"), "END:VCALENDAR"]), encoding="utf-8")
        exporter = IcsExporter([Source("mine", str(path))])
        first = pulled(exporter)
        assert ids(first) == ["mine:a"]
        assert pulled(exporter, {"mine": first.state}).whole == frozenset()

    def test_a_folder_is_all_its_calendars(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            text = "\n".join(["BEGIN:VCALENDAR", *event(name), "END:VCALENDAR"])
            (tmp_path / f"{name}.ics").write_text(text, encoding="utf-8")
        (tmp_path / "notes.txt").touch()
        assert ids(pulled(IcsExporter([Source("mine", str(tmp_path))]))) == ["mine:a", "mine:b"]

    def test_the_newest_version_counts_in_whichever_file_of_a_folder_it_is(self, tmp_path: Path) -> None:
        for name, *lines in (("a", "SEQUENCE:1", "SUMMARY:New"), ("b", "SEQUENCE:0", "SUMMARY:Old")):
            text = "\n".join(["BEGIN:VCALENDAR", *event("one", *lines), "END:VCALENDAR"])
            (tmp_path / f"{name}.ics").write_text(text, encoding="utf-8")
        pull = pulled(IcsExporter([Source("mine", str(tmp_path))]))
        assert ids(pull) == ["mine:one", "mine:one"]
        assert ["SUMMARY", {}, "New"] in dict(pull.found[-1].data or {})["properties"]

    def test_a_broken_file_is_set_aside_and_nothing_is_gone(self, tmp_path: Path) -> None:
        (tmp_path / "a.ics").write_text(
            "\n".join(["BEGIN:VCALENDAR", *event("a"), "END:VCALENDAR"]), encoding="utf-8"
        )
        (tmp_path / "b.ics").write_text("BEGIN:VCALENDAR\nBEGIN:VEV", encoding="utf-8")
        exporter = IcsExporter([Source("mine", str(tmp_path))])
        pull = pulled(exporter)
        assert (ids(pull), pull.whole) == (["mine:a"], frozenset())
        assert [one.reason for one in pull.set_aside] == [
            "the file b.ics: it breaks off: its last line is not END:VCALENDAR"
        ]
        assert len(pulled(exporter, {"mine": pull.state}).set_aside) == 1

    def test_a_file_that_is_gone_changes_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(PermanentError, match="is not there"):
            pulled(IcsExporter([Source("mine", str(tmp_path / "gone.ics"))]))

    def test_files_have_a_limit_too(self, tmp_path: Path) -> None:
        (tmp_path / "a.ics").write_bytes(b"x" * 2000)
        with pytest.raises(PermanentError, match="more than 1000 bytes"):
            pulled(IcsExporter([Source("mine", str(tmp_path))], max_bytes=1000))


def test_a_zone_that_nobody_knows_is_told(served: Feeds) -> None:
    served.serve(*event("a")[:3], "DTSTART;TZID=Nowhere:20260302T080000", "END:VEVENT")
    assert pulled(feed(served)).remark == (
        "nobody knows the time zones 'Nowhere': times in them are read in the zone of the calendar, or in yours"
    )
