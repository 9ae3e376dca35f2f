"""The forms that standards prescribe for attributes of CloudEvents: instants, media types, and URIs.

Source: CloudEvents 1.0.2, "Type System".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_INSTANT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]((?:[01][0-9]|2[0-3]):[0-5][0-9]:)([0-5][0-9]|60)(\.[0-9]+)?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_SECOND: Final = timedelta(seconds=1)

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - the token of a grammar
_QUOTED: Final = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t -~])*"'
_MEDIA_TYPE: Final = rf"{_NAME}/{_NAME}(?:[ \t]*;[ \t]*(?:{_TOKEN}=(?:{_TOKEN}|{_QUOTED}))?)*[ \t]*"
"""Compiled at its first use, as those below are: a process that sends one message seldom needs any of them."""

_PLAIN: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
_PATH_CHAR: Final = rf"(?:{_PLAIN}|[:@])"
_HOST: Final = rf"(?:\[(?:[0-9A-Fa-f:.]+|[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\]|{_PLAIN}*)"
_AUTHORITY: Final = rf"//(?:(?:{_PLAIN}|:)*@)?{_HOST}(?::[0-9]*)?(?:/{_PATH_CHAR}*)*"
_ABSOLUTE_PATH: Final = rf"/(?:{_PATH_CHAR}+(?:/{_PATH_CHAR}*)*)?"
_REST: Final = rf"(?:\?(?:{_PATH_CHAR}|[/?])*)?(?:#(?:{_PATH_CHAR}|[/?])*)?"
_ROOTLESS: Final = rf"{_PATH_CHAR}+(?:/{_PATH_CHAR}*)*"
_WITHOUT_SCHEME: Final = rf"(?:{_PLAIN}|@)+(?:/{_PATH_CHAR}*)*"
_URI: Final = rf"[A-Za-z][A-Za-z0-9+.-]*:(?:{_AUTHORITY}|{_ABSOLUTE_PATH}|{_ROOTLESS})?{_REST}"
_RELATIVE: Final = rf"(?:{_AUTHORITY}|{_ABSOLUTE_PATH}|{_WITHOUT_SCHEME})?{_REST}"


def instant_of(text: object) -> datetime:
    """Read an instant; digits beyond microseconds are cut off.

    A leap second, which only the last minute of a month in UTC has, is read as the second after it: Python, and the
    databases that we use, know none.

    Raises:
        ValueError: It is none, or not within the years 1 to 9999 in UTC.

    Source: RFC 3339, section 5.6, and appendix D.
    """
    found = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"{text!r} is not an instant such as 2025-11-24T08:00:00Z")
    day, minute, second, fraction, offset = found.groups()
    is_leap = second == "60"
    whole = f"{day}T{minute}{'59' if is_leap else second}{fraction or ''}{offset.upper()}"
    try:
        moment = datetime.fromisoformat(whole).astimezone(UTC)
        if is_leap:
            moment += _SECOND
    except ValueError as error:
        raise ValueError(f"{text!r} is no day of the calendar") from error
    except OverflowError as error:
        raise ValueError(f"{text!r} is not within the years 1 to 9999 in UTC") from error
    if is_leap and (moment.day, moment.hour, moment.minute) != (1, 0, 0):
        raise ValueError(f"{text!r} is no leap second: those end a month in UTC")
    return moment


def media_type_issue(text: str) -> str | None:
    """Return why a text is no media type, or None if it is one.

    Source: RFC 6838, section 4.2, for the names; RFC 9110, section 8.3.1, for parameters.
    """
    return (
        None if re.fullmatch(_MEDIA_TYPE, text) else f"{text!r} is not a media type such as application/json"
    )


def uri_reference_issue(text: str) -> str | None:
    """Return why a text is no URI-reference, or None if it is one.

    Source: RFC 3986, section 4.1.
    """
    if re.fullmatch(_URI, text) or re.fullmatch(_RELATIVE, text):
        return None
    return f"{text!r} is not a URI-reference; other characters than those of URIs are written as %XX"


def uri_issue(text: str) -> str | None:
    """Return why a text is no absolute URI, or None if it is one; it may point into what it names by a fragment.

    Source: RFC 3986, section 3.
    """
    return (
        None
        if re.fullmatch(_URI, text)
        else f"{text!r} is not an absolute URI such as https://example.com/order-1"
    )
