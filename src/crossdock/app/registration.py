"""What is registered for one app: its handler, its routes and its limits, checked with exact errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from crossdock.adapters.python.handlers import handler_of
from crossdock.app.transport import Transport, python_transport
from crossdock.domain.breaker import Breaker
from crossdock.domain.errors import ConfigError, InvalidMessage
from crossdock.domain.message import AppId, check_app
from crossdock.domain.retry import RetryPolicy
from crossdock.domain.routing import Subscription
from crossdock.domain.rules import Rate, check_rules

MOST_LANES: Final = 10_000
HUB_RULES: Final = ("fallback", "max_depth", "max_processing", "rate")
"""The rules of a queue that can be given with its handler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """An app of a hub that is handed its messages.

    Attributes:
        outbound: What hands them over.
        retry: None: the queue's policy for it.
        concurrency: So many messages are worked on at a time, in each process.
        following: Receive everything it sends.
        subscriptions: What it wants of what the others send.
        timeout: How long one call of the handler may last; None: as long as it likes.
        breaker: The circuit breaker of its queue; None: it has none.
        rules: Of its queue, those that are not set as None.
        restarts: How often an operator let it be worked for anew.
    """

    app: AppId
    outbound: Transport
    retry: RetryPolicy | None
    concurrency: int
    following: tuple[AppId, ...]
    subscriptions: tuple[Subscription, ...]
    timeout: timedelta | None
    breaker: Breaker | None
    rules: Mapping[str, Any]
    restarts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """An app of a hub through which messages come in.

    Attributes:
        inbound: What takes them in.
        restarts: How often an operator let it be worked for anew.
    """

    app: AppId
    inbound: Transport
    restarts: int = 0


def register(app: str, function: Callable[..., Any], options: dict[str, Any]) -> Registration:
    """Check what is said of an app that has a handler.

    Args:
        app: Its name.
        function: Its handler.
        options: As ``Hub.app`` takes them.

    Raises:
        ConfigError: Something is wrong; the message names it.
    """
    name = _name(app, "the app")
    return register_transport(name, python_transport(handler_of(name, function, cpu=options["cpu"])), options)


def register_transport(name: AppId, outbound: Transport, options: dict[str, Any]) -> Registration:
    """Check what is said of an app, whatever hands over its messages.

    Args:
        name: Its name.
        outbound: What hands them over.
        options: As ``Hub.app`` takes them.

    Raises:
        ConfigError: Something is wrong; the message names it.
    """
    _check_retry(name, options["retry"])
    _check_concurrency(name, options["concurrency"])
    _check_timeout(name, options["timeout"])
    return Registration(
        app=name,
        outbound=outbound,
        retry=options["retry"],
        concurrency=options["concurrency"],
        following=_following(name, options["next"]),
        subscriptions=_subscriptions(name, options["subscribe"]),
        timeout=options["timeout"],
        breaker=_breaker(name, options["breaker"]),
        rules=_rules(name, options),
    )


def _name(name: str, what: str) -> AppId:
    try:
        return check_app(name)
    except InvalidMessage as error:
        raise ConfigError(f"{what}: {error.details[0][1]}") from error


def _check_retry(app: str, retry: object) -> None:
    if retry is not None and not isinstance(retry, RetryPolicy):
        raise ConfigError(f"retry of {app!r} is {retry!r}; it must be a RetryPolicy")


def _check_concurrency(app: str, lanes: object) -> None:
    if type(lanes) is not int or not 1 <= lanes <= MOST_LANES:
        raise ConfigError(
            f"concurrency of {app!r} is {lanes!r}; it must be a whole number from 1 to {MOST_LANES}"
        )


def _check_timeout(app: str, timeout: object) -> None:
    if timeout is not None and not (isinstance(timeout, timedelta) and timeout > timedelta(0)):
        raise ConfigError(f"timeout of {app!r} is {timeout!r}; it must be a timedelta of more than 0")


def _breaker(app: str, breaker: object) -> Breaker | None:
    if breaker is None or isinstance(breaker, Breaker):
        return breaker
    raise ConfigError(f"breaker of {app!r} is {breaker!r}; it must be a Breaker")


def _rules(app: str, options: dict[str, Any]) -> dict[str, Any]:
    rules = {name: options[name] for name in HUB_RULES}
    if isinstance(rules["rate"], str):
        try:
            rules["rate"] = Rate.parse(rules["rate"])
        except ValueError as error:
            raise ConfigError(
                f"rate of {app!r} is {rules['rate']!r}; it must be a number per time, such as '10/s' or '1000/15m'"
            ) from error
    check_rules(app, rules)
    return rules


def _following(app: str, following: Iterable[str]) -> tuple[AppId, ...]:
    if isinstance(following, str):
        raise ConfigError(f"next of {app!r} is {following!r}; it must be a list: next=[{following!r}]")
    return tuple(dict.fromkeys(_name(name, f"next of {app!r}") for name in following))


def _subscriptions(
    app: str, wanted: Subscription | Iterable[Subscription] | None
) -> tuple[Subscription, ...]:
    listed = () if wanted is None else (wanted,) if isinstance(wanted, Subscription) else tuple(wanted)
    for one in listed:
        if not isinstance(one, Subscription):
            raise ConfigError(
                f"subscribe of {app!r} has {one!r}; it must be a Subscription, such as Subscription(type='order.*')"
            )
    return listed
