"""Hands a dead letter's message to the fallback of its app, in the transaction in which it becomes one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.events import MessageFellBack
from crossdock.store import statements
from crossdock.store.codec import value_or_text
from crossdock.store.transaction import TransactionCore

if TYPE_CHECKING:
    from crossdock.domain.retry import Failure
    from crossdock.store.about import About

_LONGEST_REASON: Final = 1000
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
"""What the value of an extension must not hold. Source: CloudEvents 1.0.2, "Type System"."""


class FallingBack(TransactionCore):
    """Sends what failed for good to the fallback of the app at which it failed."""

    def fall_back(self, about: About, key: str | None, failure: Failure, *, attempts: int) -> None:
        """Send a message that has just become a dead letter to its app's fallback, if it has one.

        It is taken in whatever the fallback's depth and the room on the disk: its failing must not be held up by that.
        """
        row_id, app = about.row_id, about.app
        found = self.run(statements.fallback_of, {"app": app, "row_id": row_id})
        if not found:
            return
        ((fallback, held),) = found
        told = {
            "failedapp": app,
            "failedcode": str(failure.code),
            "failedreason": _CONTROL.sub(" ", failure.message)[:_LONGEST_REASON] or str(failure.code),
            "failedattempts": attempts,
        }
        if key is not None:
            self.lock_keys([(fallback, key)])
        sent = self.run(
            statements.send_to_fallback,
            {
                "row_id": row_id,
                "fallback": fallback,
                "extensions": json.dumps(_object(held) | told),
                "now": self.now_text,
                "who": self.who,
            },
        )
        self.log(about, MessageFellBack, to=fallback, duplicate=None if sent else True)
        self.woken.add(fallback)
        if key is not None:
            self.release([(fallback, key)])


def _object(held: Any) -> dict[str, Any]:
    """Read the extensions of a row; another program may have written anything."""
    value = value_or_text(held)
    return value if isinstance(value, dict) else {}
