"""Crossdock: durable messages between applications.

The names here are imported when they are first used, so that ``import crossdock`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from crossdock._version import __version__

if TYPE_CHECKING:
    from crossdock.app.hub import Hub
    from crossdock.asynchronous.delivery import AsyncDelivery
    from crossdock.asynchronous.queue import AsyncQueue
    from crossdock.client.asynchronous.client import AsyncClient
    from crossdock.client.asynchronous.delivery import AsyncClientDelivery
    from crossdock.client.event_stream import StreamedEvent
    from crossdock.client.job import Job
    from crossdock.client.synchronous.client import Client
    from crossdock.client.synchronous.delivery import ClientDelivery
    from crossdock.domain.breaker import Breaker
    from crossdock.domain.errors import (
        AdapterError,
        AmbiguousMessage,
        CallFailed,
        CallTimedOut,
        ConfigError,
        CredentialError,
        CrossdockError,
        DeliveryError,
        EndOfInput,
        ExporterBusy,
        IdempotencyKeyReused,
        IllegalMove,
        InvalidMessage,
        KeyNotFound,
        LeaseLost,
        MessageNotFound,
        NotConnected,
        PermanentError,
        ProcessDied,
        QueueFull,
        RateLimited,
        ScheduleNotFound,
        SchemaOutOfDate,
        StoreDamaged,
        StoreError,
        StoreFull,
        StoreUnavailable,
        TransientError,
    )
    from crossdock.domain.lifecycle import FailureCode, Status
    from crossdock.domain.message import Message, SentMessage
    from crossdock.domain.record import QueueStats, Record, TimelineEntry
    from crossdock.domain.retention import Keep, Retention
    from crossdock.domain.retry import Failure, RetryPolicy
    from crossdock.domain.routing import Subscription
    from crossdock.domain.rules import Rate, Rules
    from crossdock.domain.schedule import Schedule
    from crossdock.hub.options import SendOptions
    from crossdock.ports.application import Application
    from crossdock.store.settings import StoreSettings
    from crossdock.store.sqlite.engine import create_engine
    from crossdock.synchronous.delivery import Delivery
    from crossdock.synchronous.queue import Queue

_ERRORS = (
    "AdapterError", "AmbiguousMessage", "CallFailed", "CallTimedOut", "ConfigError", "CredentialError",
    "CrossdockError", "DeliveryError", "EndOfInput", "ExporterBusy", "IdempotencyKeyReused", "IllegalMove",
    "InvalidMessage", "KeyNotFound", "LeaseLost", "MessageNotFound", "NotConnected", "PermanentError", "ProcessDied",
    "QueueFull", "RateLimited", "ScheduleNotFound", "SchemaOutOfDate", "StoreDamaged", "StoreError",
    "StoreFull", "StoreUnavailable", "TransientError",
)  # fmt: skip
_HOMES = {
    "Application": "ports.application",
    "AsyncClient": "client.asynchronous.client",
    "AsyncClientDelivery": "client.asynchronous.delivery",
    "AsyncDelivery": "asynchronous.delivery",
    "AsyncQueue": "asynchronous.queue",
    "Breaker": "domain.breaker",
    "Client": "client.synchronous.client",
    "ClientDelivery": "client.synchronous.delivery",
    "Delivery": "synchronous.delivery",
    "Failure": "domain.retry",
    "FailureCode": "domain.lifecycle",
    "Hub": "app.hub",
    "Job": "client.job",
    "Keep": "domain.retention",
    "Message": "domain.message",
    "Queue": "synchronous.queue",
    "QueueStats": "domain.record",
    "Rate": "domain.rules",
    "Record": "domain.record",
    "Retention": "domain.retention",
    "RetryPolicy": "domain.retry",
    "Rules": "domain.rules",
    "Schedule": "domain.schedule",
    "SendOptions": "hub.options",
    "SentMessage": "domain.message",
    "Status": "domain.lifecycle",
    "StoreSettings": "store.settings",
    "StreamedEvent": "client.event_stream",
    "Subscription": "domain.routing",
    "TimelineEntry": "domain.record",
    "create_engine": "store.sqlite.engine",
    **dict.fromkeys(_ERRORS, "domain.errors"),
}

__all__ = [
    "AdapterError", "AmbiguousMessage", "Application", "AsyncClient", "AsyncClientDelivery", "AsyncDelivery",
    "AsyncQueue", "Breaker", "CallFailed", "CallTimedOut", "Client", "ClientDelivery", "ConfigError",
    "CredentialError", "CrossdockError", "Delivery", "DeliveryError", "EndOfInput", "ExporterBusy", "Failure",
    "FailureCode", "Hub", "IdempotencyKeyReused", "IllegalMove", "InvalidMessage", "Job", "Keep", "KeyNotFound",
    "LeaseLost", "Message", "MessageNotFound", "NotConnected", "PermanentError", "ProcessDied", "Queue", "QueueFull",
    "QueueStats", "Rate", "RateLimited", "Record", "Retention", "RetryPolicy", "Rules", "Schedule",
    "ScheduleNotFound", "SchemaOutOfDate", "SendOptions", "SentMessage", "Status", "StoreDamaged",
    "StoreError", "StoreFull", "StoreSettings", "StoreUnavailable", "StreamedEvent", "Subscription", "TimelineEntry",
    "TransientError", "__version__", "create_engine",
]  # fmt: skip


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
