"""How the API behaves: limits, names, and what its process was started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from crossdock.app.configured import webhooks
from crossdock.app.hub import Hub
from crossdock.domain.routing import Routes
from crossdock.domain.rules import Rate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crossdock.config import Loaded
    from crossdock.domain.message import AppId
    from crossdock.ports.webhook import Webhook

LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What an application of the API is made with.

    Attributes:
        allowed_hosts: Names by which it may be called, beside those of this machine.
        max_body_bytes: Of a body, after decompression.
        max_json_depth: Of arrays and objects in a body.
        body_timeout: Within which the whole request must have come.
        max_wait: How long a claim may wait.
        rate: Of each key.
        strangers_rate: Of one address without a key: of webhooks that are not to be believed, and of the documentation.
        require_idempotency_key: Whether what makes something must bring one.
        allow_definitions: Whether what is executed may be changed, from this machine.
        behind_proxy: Whether who asks is what a proxy says.
        routes: Who receives what an app sends.
        webhooks: What each app believes to which others post.
        loaded: The configuration, where there is one.
        renew: Reads it again, given what the API says of apps; None: it never changes.
    """

    allowed_hosts: tuple[str, ...] = ()
    max_body_bytes: int = 8 * 1024**2
    max_json_depth: int = 64
    body_timeout: timedelta = timedelta(seconds=30)
    max_wait: timedelta = timedelta(seconds=60)
    rate: Rate = field(default_factory=lambda: Rate(1000, timedelta(seconds=1)))
    strangers_rate: Rate = field(default_factory=lambda: Rate(60, timedelta(minutes=1)))
    require_idempotency_key: bool = False
    allow_definitions: bool = False
    behind_proxy: bool = False
    routes: Routes = field(default_factory=lambda: Routes({}, {}))
    webhooks: Mapping[AppId, Webhook] = field(default_factory=dict)
    loaded: Loaded | None = None
    renew: Callable[[Mapping[str, Any]], ApiSettings] | None = None

    @classmethod
    def of(cls, loaded: Loaded) -> ApiSettings:
        """Return what a configuration says."""
        table = loaded.config.api
        return cls(
            allowed_hosts=(*table.allowed_hosts, *([] if is_any(table.host) else [table.host])),
            max_body_bytes=table.max_body_bytes,
            max_json_depth=table.max_json_depth,
            body_timeout=table.body_timeout,
            max_wait=table.max_wait,
            rate=table.rate,
            strangers_rate=table.strangers_rate,
            require_idempotency_key=table.require_idempotency_key,
            allow_definitions=table.allow_definitions,
            behind_proxy=table.behind_proxy,
            routes=Hub(loaded).routes,
            webhooks=webhooks(loaded),
            loaded=loaded,
            renew=lambda overrides: cls.of(loaded.again(overrides=overrides)),
        )


def is_local(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    return host in LOCAL_NAMES or host.startswith("127.")


def is_any(host: str) -> bool:
    """Tell whether an address means all that this machine has."""
    return host in {"0.0.0.0", "::", ""}  # noqa: S104 - to recognise it, not to listen on it
