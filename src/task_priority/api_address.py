"""Where the REST API of a home is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from task_priority.home import Home

_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to be replaced by where a program reaches it


def address_of(home: Home, path: str) -> str:
    """Return the address of an operation, as a program on this machine reaches it.

    Args:
        home: With a configuration.
        path: Below ``/api/v1``.

    Raises:
        ConfigError: The configuration is wrong.
    """
    from crossdock.config import load  # noqa: PLC0415 - slow to import, seldom needed

    api = load(home.configuration).config.api
    host = _ANY.get(api.host, api.host)
    shown = f"[{host}]" if ":" in host else host
    scheme = "http" if api.tls_cert is None else "https"
    return f"{scheme}://{shown}:{api.port}/api/v1{path}"
