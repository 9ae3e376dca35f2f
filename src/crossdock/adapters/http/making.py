"""Makes what the settings ask for; what it needs is imported only then."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.adapters.http.inbound_settings import HttpInbound
    from crossdock.adapters.http.settings import HttpOutbound
    from crossdock.ports.outbound import OutboundAdapter
    from crossdock.ports.surroundings import Surroundings
    from crossdock.ports.webhook import Webhook

_NEEDED: Final = ("h11", "cryptography")


def make_outbound(settings: HttpOutbound, around: Surroundings) -> OutboundAdapter:
    """Make what posts messages.

    Raises:
        ConfigError: A library is not installed. A secret, or the file of the authorities, is not there or cannot be
            used.
    """
    _demand("to post messages", _NEEDED)
    from crossdock.adapters.http.outbound import PostOutbound  # noqa: PLC0415 - only when it is configured

    return PostOutbound(settings, around)


def make_inbound(settings: HttpInbound, around: Surroundings) -> Webhook:
    """Make what knows which webhooks are to be believed.

    Raises:
        ConfigError: A library is not installed, or a secret is not there or cannot be used.
    """
    from crossdock.adapters.http.inbound import HmacWebhook, StandardWebhook  # noqa: PLC0415 - likewise

    if settings.http == "hmac":
        return HmacWebhook(settings, around.folder)
    _demand("to check webhooks", ("cryptography",))
    return StandardWebhook(settings, around.folder)


def _demand(purpose: str, packages: Sequence[str]) -> None:
    if missing := [name for name in packages if find_spec(name) is None]:
        raise ConfigError(
            f"http: {purpose} Crossdock needs other packages ({', '.join(missing)}); "
            f"install them with: pip install 'crossdock[http]'"
        )
