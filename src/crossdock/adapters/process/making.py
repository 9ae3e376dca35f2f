"""Makes the adapter that the settings ask for; what it needs is imported only then."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from crossdock.domain.errors import ConfigError

if TYPE_CHECKING:
    from crossdock.adapters.process.settings import ProcessInbound, ProcessOutbound
    from crossdock.ports.inbound import InboundAdapter
    from crossdock.ports.outbound import OutboundAdapter
    from crossdock.ports.surroundings import Surroundings


def make_outbound(settings: ProcessOutbound, around: Surroundings) -> OutboundAdapter:
    """Make what hands messages to a program.

    Raises:
        ConfigError: Programs cannot be watched over on this system.
    """
    _check_system()
    if settings.mode == "run":
        from crossdock.adapters.process.running_once import RunOutbound  # noqa: PLC0415 - only when it is configured

        return RunOutbound(settings, around)
    from crossdock.adapters.process.calling import RpcOutbound  # noqa: PLC0415 - likewise

    return RpcOutbound(settings, around)


def make_inbound(settings: ProcessInbound, around: Surroundings) -> InboundAdapter:
    """Make what takes messages in from a program.

    Raises:
        ConfigError: Programs cannot be watched over on this system.
    """
    _check_system()
    if settings.mode == "lines":
        from crossdock.adapters.process.reading import LinesInbound  # noqa: PLC0415 - only when it is configured

        return LinesInbound(settings, around)
    from crossdock.adapters.process.hearing import RpcInbound  # noqa: PLC0415 - likewise

    return RpcInbound(settings, around)


def _check_system() -> None:
    if sys.platform == "win32":
        raise ConfigError(
            "process: programs are not called on Windows, which has no process groups to end them with; "
            "use file or http there"
        )
