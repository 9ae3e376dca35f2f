"""Queues: working on their messages, and what an operator does with a whole one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from crossdock.api.access import needs
from crossdock.api.models import (
    Acked,
    AckWish,
    Claimed,
    ClaimWish,
    ExtendWish,
    Nacked,
    NackWish,
    QueueDocument,
    Queues,
    Replayed,
    ReplayWish,
    Settled,
)
from crossdock.api.operations import Answers, AppName, CallerOf, JsonAnswer, Operations, StateOf
from crossdock.api.state import ApiState, Caller
from crossdock.asynchronous.delivery import AsyncDelivery
from crossdock.domain.answered import answer_of
from crossdock.domain.cloudevent import instant_text, message_document
from crossdock.domain.delivery import (
    ClaimRequest,
    Completed,
    DeliveryKey,
    HandedBack,
    Outcome,
    Overdue,
    Settlement,
)
from crossdock.domain.errors import InvalidMessage, LeaseLost, PermanentError, RateLimited, StoreError
from crossdock.domain.json_form import queue_document
from crossdock.domain.key import Scope
from crossdock.domain.message import AppId, check_app
from crossdock.hub.answers import Answers as Addressing
from crossdock.hub.gateway import Gateway
from crossdock.hub.results import AnswerRefused, settle_and_send
from crossdock.ports.store import Transaction

operations = Operations("queues")

_HANDLE: Final = re.compile(r"([1-9][0-9]{0,18})\.([0-9a-f]{32})")
_SETTLED: Final = Answers(Settled, meaning="Those that were yours are settled.")
_MOST_BYTES: Final = 16 * 1024**2
"""Of data in the answer of a claim: it stands in memory as a whole, at both ends."""
_LOST: Final = ("LEASE_LOST", "INVALID_MESSAGE")


@operations.on(
    "GET",
    "/queues",
    id="listQueues",
    access=needs(Scope.QUEUE_READ),
    answers=Answers(Queues, meaning="Every queue that the key may see."),
)
async def list_queues(caller: CallerOf) -> JsonAnswer:
    """Tell how the queues stand."""
    stats = await caller.queue.stats(caller.key.app)
    return JsonAnswer({"queues": [queue_document(one) for one in stats.values()]})


@operations.on(
    "GET",
    "/queues/{app}",
    id="getQueue",
    access=needs(Scope.QUEUE_READ),
    answers=Answers(QueueDocument, meaning="The queue."),
)
async def get_queue(app: AppName, caller: CallerOf) -> JsonAnswer:
    """Tell how the queue of an app stands; one that never held anything is empty."""
    caller.demand_app(app)
    return JsonAnswer(queue_document((await caller.queue.stats(app))[app]))


@operations.on(
    "POST",
    "/queues/{app}/claim",
    id="claimMessages",
    access=needs(Scope.QUEUE_WORK),
    answers=Answers(Claimed, meaning="What was claimed; nothing, if there is nothing."),
)
async def claim_messages(
    app: AppName, request: Request, caller: CallerOf, state: StateOf, wish: ClaimWish | None = None
) -> Response:
    """Claim messages of an app: the most urgent first, then in the order of arrival.

    They are yours until their lease ends; then they go to another worker, an attempt spent. Settle each with ack or
    nack before that, or extend its lease. If there is nothing, the answer waits as long as you say. It holds at most
    16 MiB of data, but always a message if there is one: what is behind is there for the next claim. Without a body it
    is one message, and nothing waits.
    """
    wish = wish or ClaimWish()
    caller.demand_app(app)
    lease = None if wish.lease_s is None else timedelta(seconds=wish.lease_s)
    claim = ClaimRequest(
        app=check_app(app),
        limit=wish.limit,
        lease=caller.queue._gateway.lease(lease),
        owner=caller.name,
        max_bytes=_MOST_BYTES,
    )
    wait = min(timedelta(seconds=wish.wait_s), state.settings.max_wait)
    if not wait:
        found = await caller.queue._claim_patiently(claim, None)
    else:
        found = await _claim_for(request, caller, state, claim=claim, wait=wait)
    until = instant_text(found[0].lease_until) if found else None
    return JsonAnswer({"deliveries": [_delivery(one, until) for one in found]})


@operations.on(
    "POST",
    "/queues/{app}/ack",
    id="ackMessages",
    access=needs(Scope.QUEUE_WORK),
    answers=_SETTLED,
    errors=_LOST,
)
async def ack_messages(app: AppName, wish: AckWish, caller: CallerOf, state: StateOf) -> JsonAnswer:
    """Complete messages, all in one transaction; the answer comes after the commit.

    What the app answers goes to the apps that receive what it sends, in the same transaction: an object is the data
    of a message, an array is several, a CloudEvent keeps its envelope. Where nobody receives it, it is kept as the
    result. Deliveries whose lease is lost are named, and nothing is changed for them; if all are, the answer is 409.
    """
    gateway = caller.queue._gateway
    addressing = Addressing(gateway, state.settings.routes)
    now = state.queue._store.now()
    outcomes = {
        one.delivery: _completed(one, gateway, app=check_app(app), now=now) for one in wish.deliveries
    }

    def outcome(handle: str, held: Overdue) -> Outcome:
        plain, answer = outcomes[handle]
        if answer is None:
            return plain
        addressed = addressing.to(held, answer)
        if held.wants_reply or not addressed.answers:
            return Completed(plain.result, addressed.answers)
        return addressed

    return await _settle(caller, app, list(outcomes), outcome)


@operations.on(
    "POST",
    "/queues/{app}/nack",
    id="nackMessages",
    access=needs(Scope.QUEUE_WORK),
    answers=_SETTLED,
    errors=_LOST,
)
async def nack_messages(app: AppName, wish: NackWish, caller: CallerOf) -> JsonAnswer:
    """Say that messages could not be worked on; the kind of each says what is to become of it."""
    given = {one.delivery: one for one in wish.deliveries}
    return await _settle(caller, app, list(given), lambda handle, held: _nack(caller, given[handle], held))


@operations.on(
    "POST",
    "/queues/{app}/extend",
    id="extendLeases",
    access=needs(Scope.QUEUE_WORK),
    answers=Answers(Settled, meaning="The leases of those that were yours end later now."),
    errors=_LOST,
)
async def extend_leases(app: AppName, wish: ExtendWish, caller: CallerOf) -> JsonAnswer:
    """Let leases end later than they would."""
    caller.demand_app(app)
    until = caller.queue._gateway.lease_until(timedelta(seconds=wish.lease_s))
    handles = list(dict.fromkeys(wish.deliveries))

    def extend(tx: Transaction) -> set[DeliveryKey]:
        held = tx.in_hand(app, [key for handle in handles if (key := _key(handle))])
        return {key for one in held for key in tx.extend([one.row_id], one.lease_token, until)}

    return _settled(handles, await caller.queue._store.write_async(extend))


@operations.on(
    "POST",
    "/queues/{app}/pause",
    id="pauseQueue",
    access=needs(Scope.QUEUE_CONTROL),
    answers=Answers(QueueDocument, meaning="The queue as it is now."),
)
async def pause_queue(app: AppName, caller: CallerOf) -> JsonAnswer:
    """Let nothing more be claimed from a queue; what is sent waits."""
    caller.demand_app(app)
    await caller.queue.pause(app)
    return JsonAnswer(queue_document((await caller.queue.stats(app))[app]))


@operations.on(
    "POST",
    "/queues/{app}/resume",
    id="resumeQueue",
    access=needs(Scope.QUEUE_CONTROL),
    answers=Answers(QueueDocument, meaning="The queue as it is now."),
)
async def resume_queue(app: AppName, caller: CallerOf) -> JsonAnswer:
    """Let a paused or parked queue be claimed from again."""
    caller.demand_app(app)
    await caller.queue.resume(app)
    return JsonAnswer(queue_document((await caller.queue.stats(app))[app]))


@operations.on(
    "POST",
    "/queues/{app}/replay",
    id="replayQueue",
    access=needs(Scope.QUEUE_CONTROL),
    answers=Answers(Replayed, meaning="So many were sent again."),
)
async def replay_queue(app: AppName, caller: CallerOf, wish: ReplayWish | None = None) -> JsonAnswer:
    """Send the dead letters of a queue again: without a body, all at once."""
    wish = wish or ReplayWish()
    caller.demand_app(app)
    count = await caller.queue.replay_many(app, code=wish.code, limit=wish.limit, rate=wish.rate)
    return JsonAnswer({"replayed": count})


class _Gone:
    """Says that nobody waits for an answer any more, or that this process is to end."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self.is_gone = False

    def is_set(self) -> bool:
        """Tell whether to wait no longer."""
        return self.is_gone or self._stopping.is_set()

    async def watch(self, request: Request) -> None:
        """Wait until the client has gone."""
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self.is_gone = True


async def _claim_for(
    request: Request, caller: Caller, state: ApiState, *, claim: ClaimRequest, wait: timedelta
) -> list[AsyncDelivery]:
    """Claim, and wait for as long as the client does; what nobody waits for any more is given back at once."""
    gone = _Gone(state.stopping)
    async with asyncio.TaskGroup() as tasks:
        watch = tasks.create_task(gone.watch(request))
        try:
            found = await caller.queue._claim_patiently(claim, wait, gone)
        finally:
            watch.cancel()
    if gone.is_gone and found:
        given_back = [Settlement(*one._claimed.key, HandedBack("the client has gone")) for one in found]
        with suppress(StoreError):  # the leases end by themselves
            await caller.queue._store.write_async(partial(settle_and_send, done=given_back))
        return []
    return found


async def _settle(
    caller: Caller, app: str, handles: list[str], outcome: Callable[[str, Overdue], Outcome]
) -> JsonAnswer:
    """End deliveries that are still held, and send what they answer, in one transaction.

    Raises:
        InvalidMessage: The store has another message under the id of an answer; nothing was changed.
    """
    caller.demand_app(app)

    def settle(tx: Transaction) -> set[DeliveryKey]:
        held = tx.in_hand(app, [key for handle in handles if (key := _key(handle))])
        return settle_and_send(
            tx, [Settlement(one.row_id, one.lease_token, outcome(_handle(one), one)) for one in held]
        )

    try:
        return _settled(handles, await caller.queue._store.write_async(settle))
    except AnswerRefused as error:
        raise InvalidMessage.of("result", str(error.cause)) from error


def _settled(handles: list[str], accepted: set[DeliveryKey]) -> JsonAnswer:
    """Say which deliveries were the caller's.

    Raises:
        LeaseLost: None was.
    """
    settled = [handle for handle in handles if _key(handle) in accepted]
    lost = [handle for handle in handles if _key(handle) not in accepted]
    if not settled:
        raise LeaseLost(
            f"{len(lost)} deliveries are not yours any more, nothing was changed for them: their lease ran out, or "
            f"they were settled before",
            lost,
        )
    return JsonAnswer({"settled": settled, "lost": lost})


def _completed(one: Acked, gateway: Gateway, *, app: AppId, now: datetime) -> tuple[Completed, Any]:
    """Return how a delivery ended, and what it answers, which may have receivers.

    Raises:
        InvalidMessage: The result is too large, or an event that is none.
    """
    try:
        return gateway.completed(one.result), answer_of(one.result, app=app, now=now)
    except PermanentError as error:
        raise InvalidMessage.of("result", str(error)) from error


def _nack(caller: Caller, wish: Nacked, held: Overdue) -> Outcome:
    retry_in = None if wish.retry_in_s is None else timedelta(seconds=wish.retry_in_s)
    words = wish.error or "the worker gave no reason"
    match wish.kind:
        case "hand_back":
            return HandedBack(wish.error or "the worker gave it back")
        case "permanent":
            return caller.queue._gateway.failed(PermanentError(words))
        case "rate_limited":
            return caller.queue._gateway.nacked(held, RateLimited(words, retry_after=retry_in), retry_in)
        case "transient":
            return caller.queue._gateway.nacked(held, words, retry_in)


def _delivery(delivery: AsyncDelivery, lease_until: str | None) -> dict[str, Any]:
    """Return a delivery as a document; what was claimed together is leased for as long."""
    return {
        "delivery": f"{delivery.row_id}.{delivery.lease_token}",
        "app": delivery.app,
        "attempt": delivery.attempt,
        "crashes": delivery.crashes,
        "lease_until": lease_until,
        "sent_at": instant_text(delivery.message.time),
        "message": message_document(delivery.message),
    }


def _key(handle: str) -> DeliveryKey | None:
    """Return which delivery a handle names; None: it can be none."""
    found = _HANDLE.fullmatch(handle)
    return None if found is None or int(found[1]) >= 2**63 else (int(found[1]), found[2])


def _handle(held: Overdue) -> str:
    return f"{held.row_id}.{held.lease_token}"
