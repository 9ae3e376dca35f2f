"""The forms of attributes are those of the standards, no wider and no narrower."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crossdock.domain.attributes import instant_of, media_type_issue, uri_issue, uri_reference_issue


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-11-24T08:00:00Z", datetime(2025, 11, 24, 8, tzinfo=UTC)),
        ("2025-11-24t08:00:00z", datetime(2025, 11, 24, 8, tzinfo=UTC)),
        ("2025-11-24T08:00:00+05:30", datetime(2025, 11, 24, 2, 30, tzinfo=UTC)),
        ("2025-11-24T08:00:00-00:00", datetime(2025, 11, 24, 8, tzinfo=UTC)),
        ("1985-04-12T23:20:50.52Z", datetime(1985, 4, 12, 23, 20, 50, 520000, tzinfo=UTC)),
        ("2025-11-24T08:00:00.1234567891Z", datetime(2025, 11, 24, 8, 0, 0, 123456, tzinfo=UTC)),
        ("1990-12-31T23:59:60Z", datetime(1991, 1, 1, tzinfo=UTC)),
        ("1990-12-31T15:59:60.5-08:00", datetime(1991, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_as_rfc_3339_has_it(text: str, moment: datetime) -> None:
    assert instant_of(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2025-11-24", "2025-11-24T08:00Z", "2025-11-24T08Z", "20251124T080000Z", "2025-11-24 08:00:00Z",
        "2025-11-24T08:00:00", "2025-11-24T08:00:00+0530", "2025-11-24T08:00:00+05", "2025-11-24T08:00:00,5Z",
        "2025-11-24T08:00:00.Z", "2025-11-24T24:00:00Z", "2025-02-30T08:00:00Z", "2025-W48-1T08:00:00Z",
        "2025-11-24T08:00:00+24:00", "2025-11-24T08:00:00Z ", "٢٠٢٥-11-24T08:00:00Z", "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "9999-12-31T23:59:60Z", "", None, 7,
    ],
)  # fmt: skip
def test_what_rfc_3339_does_not_allow_is_no_instant(text: object) -> None:
    with pytest.raises(ValueError, match="is "):
        instant_of(text)


@pytest.mark.parametrize(
    "text", ["2025-11-24T08:00:60Z", "2025-11-24T23:59:60Z", "2025-11-30T23:59:60+01:00"]
)
def test_a_leap_second_ends_a_month_in_utc(text: str) -> None:
    with pytest.raises(ValueError, match="no leap second"):
        instant_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "application/json", "Application/JSON; charset=utf-8", "application/vnd.a_b+json", "text/plain ;q=1;a=b",
        'text/plain; title="a \\"b\\"; c"', "application/x-www-form-urlencoded", "text/plain;",
    ],
)  # fmt: skip
def test_a_media_type(text: str) -> None:
    assert media_type_issue(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "json", "application/", "/json", "application/json/x", "application json", "application/jso n", "*/*",
        "text/plain; charset", "text/plain; =x", 'text/plain; a="b', "text/größe", "text/plain, text/html", "",
        " text/plain", "text/plain\n",
    ],
)  # fmt: skip
def test_no_media_type(text: str) -> None:
    assert media_type_issue(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/a?b=c#d", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", "mailto:a@b.example",
        "http://u:p@[2001:db8::1]:80/", "a:", "tag:b,2025:x", "https://example.com/%C3%A9", "file:///a/b",
    ],
)  # fmt: skip
def test_an_absolute_uri(text: str) -> None:
    assert uri_issue(text) is None
    assert uri_reference_issue(text) is None


@pytest.mark.parametrize(
    "text", ["/till/3", "shop", "//example.com/a", "?a=b", "#x", "a/b:c", "./a:b", "a.b-c_d~"]
)
def test_a_relative_reference_is_no_absolute_uri(text: str) -> None:
    assert uri_reference_issue(text) is None
    assert uri_issue(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "a b",
        "größe",
        "a%zz",
        "1a:b",
        ":a",
        "a\\b",
        "http://[::1",
        "a#b#c",
        "<a>",
        "{a}",
        "a\n",
        "http://a:b/",
    ],
)
def test_no_uri_reference(text: str) -> None:
    assert uri_reference_issue(text) is not None
    assert uri_issue(text) is not None
