"""Webhooks that are refused are told, and a stranger who sends many does not fill the log."""

from __future__ import annotations

from starlette.requests import Request

from crossdock.api.disbelief import MOST_TOLD, Disbelief
from crossdock.domain.door_events import WebhookRefused

REQUEST = Request({"type": "http", "headers": [], "client": ("192.0.2.7", 4711)})


def test_of_many_a_few_are_told_and_the_next_counts_the_others() -> None:
    told, now = list[WebhookRefused](), [0.0]
    disbelief = Disbelief(told.append, lambda: now[0])
    for _ in range(MOST_TOLD.count + 90):
        disbelief.tell(REQUEST, "shop", "it is not signed")
    assert len(told) == MOST_TOLD.count
    assert str(told[-1].reason) == "a webhook to shop from 192.0.2.7 is refused: it is not signed"
    disbelief.tell(REQUEST, "other", "it is too old")
    assert (told[-1].app, told[-1].untold) == ("other", 0)
    now[0] += MOST_TOLD.period.total_seconds()
    for _ in range(2):
        disbelief.tell(REQUEST, "shop", "it is not signed")
    assert [one.untold for one in told[-2:]] == [90, 0]
    assert told[-2].reason.endswith("; so were 90 before it that are not told")
