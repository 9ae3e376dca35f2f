"""The link of an adapter to its far side: made when it is needed, made again when it is lost, later each time."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import ConfigError, CredentialError
from crossdock.domain.events import AdapterConnected, AdapterNotConnected
from crossdock.hub.patience import wait_unless

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crossdock.domain.events import Told
    from crossdock.domain.message import AppId

_FIRST_DELAY_S: Final = 0.1
_LONGEST_DELAY_S: Final = 30.0
_LARGEST_EXPONENT: Final = 20


class Link:
    """Connects one adapter.

    Args:
        connect: Of the adapter.
        stopping: Tells whether nobody wants it any more.
        tell: Is told when it is lost or cannot be made, and when it is there again.
        app: Whose adapter it is.
        adapter: Its kind.

    Attributes:
        adapter: The kind of the adapter.
        is_up: Whether it is there, as far as is known.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[object]],
        *,
        stopping: Callable[[], bool],
        tell: Callable[[Told], object],
        app: AppId,
        adapter: str,
    ) -> None:
        self.is_up = False
        self._connect = connect
        self._stopping = stopping
        self._tell = tell
        self._app = app
        self.adapter = adapter
        self._making = asyncio.Lock()
        self._failures = 0
        self._try_at = 0.0
        self._down_since: float | None = None

    @property
    def is_down(self) -> bool:
        """Whether it was tried, and is not there."""
        return not self.is_up and self._failures > 0

    async def up(self) -> bool:
        """Wait until it is there; False: we are to stop."""
        async with self._making:
            while not self.is_up:
                if not await wait_unless(self._stopping, self._try_at):
                    return False
                await self._try()
        return True

    def lost(self, error: BaseException) -> None:
        """Know that it is gone; the next ``up`` makes it again."""
        self.is_up = False
        self._failed(error)

    def works(self) -> None:
        """Know that something went over it: the next loss is the first again."""
        self._failures = 0

    async def _try(self) -> None:
        try:
            await self._connect()
        except Exception as error:  # noqa: BLE001 - the rim of the adapter
            self._failed(error)
        else:
            self.is_up = True
            if self._down_since is not None:
                away_s = time.monotonic() - self._down_since
                self._down_since = None
                self._tell(
                    AdapterConnected(
                        app=self._app,
                        adapter=self.adapter,
                        duration_s=away_s,
                        reason=f"{self._far_side} is reached again, after {away_s:.1f} s",
                    )
                )

    def _failed(self, error: BaseException) -> None:
        delay_s = _delay_s(error, self._failures)
        self._failures += 1
        now = time.monotonic()
        self._try_at = now + delay_s
        if self._down_since is None:
            self._down_since = now
        self._tell(
            AdapterNotConnected(
                app=self._app,
                adapter=self.adapter,
                reason=f"{self._far_side} cannot be reached: {_words(error)}; it is tried again",
            )
        )

    @property
    def _far_side(self) -> str:
        return f"the far side of {self._app!r} ({self.adapter})"


def _delay_s(error: BaseException, failures: int) -> float:
    """Return how long to wait; what a person must mend is asked about seldom."""
    if isinstance(error, (CredentialError, ConfigError)):
        return _LONGEST_DELAY_S
    bound_s = min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** min(failures, _LARGEST_EXPONENT))
    return bound_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret


def _words(error: BaseException) -> str:
    code: Any = getattr(error, "code", None)
    return str(error) if code is not None else f"{type(error).__name__}: {error}"
