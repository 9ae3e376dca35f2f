"""What errors call the service that was asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crossdock import TransientError
from task_priority.exporters.asking import Asking, Service

GOOGLE = Service("Google Calendar", "googleapis.com")


@pytest.mark.parametrize(
    ("host", "called"),
    [
        ("www.googleapis.com", "Google Calendar"),
        ("googleapis.com", "Google Calendar"),
        ("notgoogleapis.com", "Google Calendar at notgoogleapis.com"),
        ("127.0.0.1", "Google Calendar at 127.0.0.1"),
    ],
)
def test_the_host_is_named_only_if_it_is_not_the_usual_one(host: str, called: str) -> None:
    assert GOOGLE.at(host) == called


@pytest.mark.parametrize(
    ("service", "called"), [(GOOGLE, "Google Calendar at 127.0.0.1"), (None, "127.0.0.1")]
)
def test_a_service_that_is_not_there_is_named(service: Service | None, called: str) -> None:
    with Asking(timeout=timedelta(seconds=5)) as asking, pytest.raises(TransientError) as caught:
        asking.ask("GET", "http://127.0.0.1:9/a?key=secret", service=service)
    assert str(caught.value).startswith(f"{called} does not answer")
    assert "secret" not in str(caught.value)
