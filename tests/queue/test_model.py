"""The whole queue against the model, over sequences of verbs, lapses and deaths that hypothesis makes up."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.queue.machine import QueueMachine

QUICK = settings(
    derandomize=True,
    database=None,
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(QUICK, max_examples=100, stateful_step_count=60)


@pytest.mark.timeout(600)  # only a failing run needs it, to find its shortest form
class TestQueueFollowsItsModel(QueueMachine.TestCase):  # type: ignore[misc]  # made at run time
    settings = QUICK


@pytest.mark.slow
@pytest.mark.timeout(3600)
class TestQueueFollowsItsModelForLong(QueueMachine.TestCase):  # type: ignore[misc]  # made at run time
    settings = LONG
