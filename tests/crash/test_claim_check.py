"""Killed amid large sends, edits and purges: no message is left without its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.history import Kind

if TYPE_CHECKING:
    from tests.crash.probe import Play

pytestmark = pytest.mark.needs_linux

KILLS = 6


def test_kills_amid_large_sends_leave_every_message_its_data(play: Play) -> None:
    for number in range(KILLS):
        jugglers = [
            play.fork("juggle_large", app="bulk", name=f"juggler-{number}-{one}", seed=number)
            for one in (1, 2)
        ]
        for juggler in jugglers:
            play.wait_for(Kind.SENT, pid=juggler.pid, count=3 + number)
            play.nursery.kill(juggler)
    account = play.account()  # it reads all data, and looks for payloads that are missing
    assert not account.damage
    sent = {each.message_id for each in play.saw(Kind.SENT)}
    assert sent <= {row.message_id for row in account.rows}
