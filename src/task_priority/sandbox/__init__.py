"""A make-believe Todoist and Google on this machine, for tests and for a first run without accounts."""

from __future__ import annotations

from task_priority.sandbox.faults import Fault, FaultKind, Faults
from task_priority.sandbox.oauth import Consent
from task_priority.sandbox.sandbox import Sandbox
from task_priority.sandbox.serving import DEFAULT_PORT, serve

__all__ = ["DEFAULT_PORT", "Consent", "Fault", "FaultKind", "Faults", "Sandbox", "serve"]
