"""An answer that was given to a request, kept so that the same request is answered alike."""

from __future__ import annotations

from typing import NamedTuple


class AnswerKey(NamedTuple):
    """Names one request.

    Attributes:
        caller: Whose it is: the id of a key.
        operation: What was asked for.
        name: What the caller calls the request.
    """

    caller: str
    operation: str
    name: str


class KeptAnswer(NamedTuple):
    """What was answered.

    Attributes:
        fingerprint: Of what was asked.
        status: Of HTTP.
        location: Where what was made is found; empty: nowhere.
        body: JSON text.
    """

    fingerprint: str
    status: int
    location: str
    body: str
