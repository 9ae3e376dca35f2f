"""Why a service gave no answer, in words: each way in which a connection fails has its own."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

_ONLINE: Final = "is this machine online?"
_CUT: Final = "the connection was cut before an answer came"


def no_answer_text(
    called: str, error: httpx.TransportError | httpx.DecodingError, *, begun: bool, timeout: timedelta
) -> str:
    """Say what happened instead of an answer.

    Args:
        called: Who was asked.
        error: What httpx raised.
        begun: Part of the answer had come.
        timeout: For connecting, and for each wait for bytes.
    """
    if isinstance(error, httpx.DecodingError):
        return f"{called} sends an answer that cannot be unpacked: it was damaged on the way"
    within = f"{timeout.total_seconds():g} s"
    if begun:
        return f"{called} answers by half: {_reason_of_half(error, within)}; nothing of it was taken"
    proxy = _proxy_to(error.request.url)
    asked = "does not answer" if proxy is None else f"does not answer through the proxy {proxy}"
    return f"{called} {asked}: {_reason(error, proxy or error.request.url.host, within)}"


def _reason_of_half(error: httpx.TransportError, within: str) -> str:
    match error:
        case httpx.TimeoutException():
            return f"nothing more came for {within}"
        case httpx.ProtocolError() if "closed" not in str(error):
            return "the rest is no HTTP"
        case _:
            return "the connection was cut in the middle"


def _reason(error: httpx.TransportError, host: str, within: str) -> str:
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return f"no connection came about within {within}; {_ONLINE}"
        case httpx.TimeoutException():
            return f"it said nothing for {within}"
        case httpx.ConnectError():
            return _reason_without_connection(error, host)
        case httpx.ProxyError():
            return f"it does not let the question through ({error!s:.80})"
        case httpx.ProtocolError() if "disconnected" not in str(error):
            return "what comes back is no HTTP; is its address right?"
        case _:
            return _CUT


def _reason_without_connection(error: BaseException, host: str) -> str:
    for cause in _causes(error):
        match cause:
            case socket.gaierror():
                return f"nobody knows the name {host}; {_ONLINE}"
            case ConnectionRefusedError():
                return "the connection was refused; nothing listens at its address, or a firewall closes it"
            case ssl.SSLCertVerificationError():
                return (
                    f"its TLS certificate is not accepted ({cause.verify_message}); is the clock of this machine "
                    "right? If a proxy opens what is sent, name its certificate in SSL_CERT_FILE"
                )
            case ssl.SSLEOFError() | ConnectionResetError():
                break
            case ssl.SSLError():
                return f"no TLS connection came about ({cause.reason}); is its address right, https and not http?"
            case OSError(strerror=str(words)) if cause.errno is not None:
                return f"no way leads there ({words}); {_ONLINE}"
    return _CUT


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what caused it; the last is what the system said."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _proxy_to(url: httpx.URL) -> str | None:
    """Return the host of the proxy that the environment names for an address, None if there is none."""
    proxies = getproxies()
    address = proxies.get(url.scheme) or proxies.get("all")
    if not address or proxy_bypass(url.host):
        return None
    return urlsplit(address if "://" in address else f"//{address}").hostname
