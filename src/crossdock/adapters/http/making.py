"""Makes the adapter that the settings ask for; what it needs is imported only then."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import ConfigError

if TYPE_CHECKING:
    from crossdock.adapters.http.settings import HttpOutbound
    from crossdock.ports.outbound import OutboundAdapter
    from crossdock.ports.surroundings import Surroundings

_NEEDED: Final = ("h11", "cryptography")


def make_outbound(settings: HttpOutbound, around: Surroundings) -> OutboundAdapter:
    """Make what posts messages.

    Raises:
        ConfigError: A library is not installed. A secret, or the file of the authorities, is not there or cannot be
            used.
    """
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise ConfigError(
            f"http: to post messages Crossdock needs other packages ({', '.join(missing)}); "
            f"install them with: pip install 'crossdock[http]'"
        )
    from crossdock.adapters.http.outbound import PostOutbound  # noqa: PLC0415 - only when it is configured

    return PostOutbound(settings, around)
