"""What cannot be a handler is refused when it is registered, in words that say what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crossdock import ConfigError, Hub, Message, Queue


@pytest.fixture
def hub() -> Hub:
    return Hub(Queue.testing())


def takes_message(message: Message) -> None: ...


def takes_nothing() -> None: ...


def takes_three(message: Message, delivery: Any, more: Any) -> None: ...


def takes_keyword(message: Message, *, limit: int) -> None: ...


def gives_many(message: Message) -> Any:
    yield message


async def gives_many_async(message: Message) -> Any:
    yield message


async def takes_async(message: Message) -> None: ...


def takes_delivery(message: Message, delivery: Any) -> None: ...


@pytest.mark.parametrize(
    ("function", "options", "words"),
    [
        (3, {}, "must be a function"),
        (takes_nothing, {}, "takes nothing; handlers get (message) or (message, delivery)"),
        (takes_three, {}, "takes (message, delivery, more); handlers get (message) or (message, delivery)"),
        (takes_keyword, {}, "demands limit by keyword"),
        (gives_many, {}, "is a generator; return a list"),
        (gives_many_async, {}, "is a generator; return a list"),
        (takes_async, {"cpu": True}, "is async; cpu=True is for plain functions"),
        (lambda message: None, {"cpu": True}, "define it with def at the top of a module"),
        (takes_delivery, {"cpu": True}, "takes the delivery, which cannot go to another process"),
        (takes_message, {"next": "warehouse"}, "it must be a list: next=['warehouse']"),
        (takes_message, {"next": ["ware house"]}, "next of 'app': 'ware house' is not a name"),
        (takes_message, {"concurrency": 0}, "concurrency of 'app' is 0; it must be a whole number from 1"),
        (takes_message, {"concurrency": True}, "concurrency of 'app' is True"),
        (takes_message, {"retry": 3}, "retry of 'app' is 3; it must be a RetryPolicy"),
        (takes_message, {"subscribe": ["order.*"]}, "it must be a Subscription" ),
        (takes_message, {"timeout": 3}, "timeout of 'app' is 3; it must be a timedelta of more than 0"),
        (takes_message, {"timeout": timedelta(0)}, "it must be a timedelta of more than 0"),
    ],
)  # fmt: skip
def test_wrong_registration_is_refused(hub: Hub, function: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        hub.app("app", **options)(function)
    assert words in str(refusal.value)


def test_app_with_a_wrong_name_is_refused(hub: Hub) -> None:
    with pytest.raises(ConfigError, match="the app: '-' is not a name"):
        hub.app("-")(takes_message)


def test_second_handler_of_an_app_is_refused(hub: Hub) -> None:
    hub.app("app")(takes_message)
    with pytest.raises(ConfigError, match="'app' has a handler already"):
        hub.app("app")(takes_async)


def test_handler_stays_what_it_is(hub: Hub) -> None:
    assert hub.app("app")(takes_message) is takes_message


def test_hub_without_handlers_does_not_run(hub: Hub) -> None:
    with pytest.raises(ConfigError, match="no app has a handler"):
        hub.run(wait=timedelta(0))


def test_unknown_app_is_not_run(hub: Hub) -> None:
    hub.app("app")(takes_message)
    with pytest.raises(ConfigError, match="no handler is known for 'ap'; there are: app"):
        hub.run("ap")


def test_wrong_configuration_is_reported_when_the_hub_is_made(tmp_path: Any) -> None:
    file = tmp_path / "crossdock.toml"
    file.write_text("[store]\nulr = 1\n[queue]\nlease = 3\n")
    with pytest.raises(ConfigError) as refusal:
        Hub(file)
    assert "did you mean url?" in str(refusal.value)
    assert "queue.lease: expected a duration" in str(refusal.value)
