"""Who receives what an app sends."""

from __future__ import annotations

import pytest

from crossdock import ConfigError, Subscription
from crossdock.domain.message import AppId
from crossdock.domain.routing import Routes

SHOP, CHECK, STORE, AUDIT = (AppId(name) for name in ("shop", "check", "store", "audit"))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Subscription(type="order.*"), True),
        (Subscription(type="order.paid"), True),
        (Subscription(type="*"), True),
        (Subscription(type="order"), False),
        (Subscription(type="*.paid", source="shop"), True),
        (Subscription(type="*.paid", source="other"), False),
        (Subscription(subject="eu/*/7"), True),
        (Subscription(subject="eu/7"), False),
        (Subscription(type="order.pai?"), False),
        (Subscription(type="order[.]paid"), False),
    ],
    ids=str,
)
def test_subscription_matches_patterns_with_stars_alone(wanted: Subscription, found: bool) -> None:  # noqa: FBT001
    assert wanted.matches(type="order.paid", source="shop", subject="eu/north/7") is found


def test_message_without_subject_matches_only_those_who_ask_for_none() -> None:
    assert not Subscription(subject="*").matches(type="t", source="s", subject=None)
    assert Subscription(type="*").matches(type="t", source="s", subject=None)


@pytest.mark.parametrize("options", [{}, {"type": ""}, {"source": 3}])
def test_subscription_that_says_nothing_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Subscription(**options)  # type: ignore[arg-type]


def test_followers_come_first_then_subscribers_each_once() -> None:
    routes = Routes(
        {SHOP: [CHECK, STORE]},
        {AUDIT: [Subscription(type="a*"), Subscription(type="*b")], CHECK: [Subscription(type="*")]},
    )
    assert routes.receivers(SHOP, type="ab", source="shop", subject=None) == (CHECK, STORE, AUDIT)
    assert routes.receivers(STORE, type="c", source="store", subject=None) == (CHECK,)


def test_subscription_never_brings_an_app_its_own_messages() -> None:
    routes = Routes({}, {AUDIT: [Subscription(type="*")]})
    assert routes.receivers(AUDIT, type="a", source="audit", subject=None) == ()
