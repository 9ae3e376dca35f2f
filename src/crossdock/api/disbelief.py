"""Webhooks that are not believed: who sends them learns no reason, and the log has it without being filled by them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from crossdock.api.limits import Limiter
from crossdock.domain.door_events import WebhookRefused
from crossdock.domain.rules import Rate

if TYPE_CHECKING:
    from starlette.requests import Request

MOST_TOLD: Final = Rate(10, timedelta(minutes=1))
"""So many are told of each app; a stranger may send as many as they like."""


class Disbelief:
    """Tells of webhooks that were not believed; those that are too many are counted, and the next that is told says so.

    Args:
        tell: Takes what is told.
        clock: Monotonic seconds.
    """

    def __init__(
        self, tell: Callable[[WebhookRefused], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._limiter = Limiter(MOST_TOLD, clock)
        self._untold = Counter[str]()

    def tell(self, request: Request, app: str, issue: str) -> None:
        """Tell that a webhook is refused.

        Args:
            request: By which it came.
            app: Whose it was meant to be; one that there is, since a stranger can write any name.
            issue: Why, in words that hold no secret and nothing that the stranger wrote.
        """
        if not self._limiter.take(app).granted:
            self._untold[app] += 1
            return
        untold = self._untold.pop(app, 0)
        client = request.client.host if request.client else "unknown"
        more = f"; so were {untold} before it that are not told" if untold else ""
        reason = f"a webhook to {app} from {client} is refused: {issue}{more}"
        self._tell(WebhookRefused(app=app, client=client, untold=untold, reason=reason))
