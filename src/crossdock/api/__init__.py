"""The door for programs in any language: HTTP, under ``/api/v1``.

The names here are for applications that add operations of their own; see ``crossdock.Application``.
"""

from crossdock.api.access import OPEN, OPTIONAL, OWN_PROOF, Access, needs
from crossdock.api.conditions import demand_match
from crossdock.api.errors import Refusal
from crossdock.api.finding import (
    chosen_fields,
    instant_of,
    is_known,
    next_link,
    picked,
    unless_known,
)
from crossdock.api.idempotency import IdempotencyKey, Made, done_once
from crossdock.api.models import Given, Instant, example
from crossdock.api.operations import Answers, AppName, CallerOf, JsonAnswer, Operations, StateOf
from crossdock.api.parameters import IfMatch, IfNoneMatch, Limit
from crossdock.api.state import ApiState, Caller
from crossdock.api.work import job_links, job_made, to_drop, to_send
from crossdock.domain.key import Scope

__all__ = [
    "OPEN", "OPTIONAL", "OWN_PROOF", "Access", "Answers", "ApiState", "AppName", "Caller", "CallerOf", "Given",
    "IdempotencyKey", "IfMatch", "IfNoneMatch", "Instant", "JsonAnswer", "Limit", "Made", "Operations", "Refusal",
    "Scope", "StateOf", "chosen_fields", "demand_match", "done_once", "example", "instant_of", "is_known", "job_links",
    "job_made", "needs", "next_link", "picked", "to_drop", "to_send", "unless_known",
]  # fmt: skip
