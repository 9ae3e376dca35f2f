"""How a process logs; apart from what sets it up, so that asking for it costs a program nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossdock.domain.errors import ConfigError
from crossdock.monitoring.redaction import secrets_of

if TYPE_CHECKING:
    from crossdock.config import Loaded


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How a process logs.

    Attributes:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        format: ``json``, ``text``, or ``auto``: text on a terminal, else JSON.
        process: What the process is called on its lines.
        secrets: Hidden wherever they stand.
    """

    level: str
    format: str
    process: str
    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, loaded: Loaded, process: str) -> LogSettings:
        """Return what a configuration says."""
        log = loaded.config.log
        secrets = (*secrets_of(loaded.store_url), *_secrets_of_configuration(loaded))
        return cls(log.level, log.format, process, secrets)


def in_force() -> LogSettings | None:
    """Return how this process logs; None: whoever wrote the program decides."""
    found = (getattr(handler, "settings", None) for handler in logging.getLogger().handlers)
    return next((one for one in found if isinstance(one, LogSettings)), None)


def _secrets_of_configuration(loaded: Loaded) -> Iterator[str]:
    """Give the secrets that the configuration refers to; what is not there cannot be logged."""
    from crossdock.config.secret import secrets_in  # noqa: PLC0415 - only who has a configuration needs it

    for secret in secrets_in(loaded.config, loaded.folder):
        with suppress(ConfigError):
            yield secret.text()
