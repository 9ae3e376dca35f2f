"""A message as a request: its body in the form that is set, and the headers that sign it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, assert_never

from crossdock._version import __version__
from crossdock.adapters.http.connection import Request
from crossdock.adapters.http.keys import signing_key
from crossdock.adapters.http.settings import HttpOutbound, is_header_value
from crossdock.config.secret import Secret
from crossdock.domain.cloudevent import instant_text, message_document
from crossdock.domain.errors import ConfigError, InvalidMessage
from crossdock.domain.http_binding import STRUCTURED_TYPE, binary_event, header_text
from crossdock.domain.message import JSON_TYPE, Message, encode_json
from crossdock.domain.webhook import SigningKey, signed_headers

HIDDEN: Final = "***"
_TRACEPARENT: Final = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Requests:
    """Makes the requests of one app.

    Args:
        settings: Say where they go, and how they look.
        folder: Relative paths count from it.

    Raises:
        ConfigError: A secret is not there, or cannot be used.
    """

    def __init__(self, settings: HttpOutbound, folder: Path) -> None:
        self._target = settings.target
        self._format = settings.format
        self._headers = settings.headers
        self._secrets = [one.bound_to(folder) for one in settings.secrets]
        self._secret_headers = {name: one.bound_to(folder) for name, one in settings.secret_headers.items()}
        self._keys: dict[str, SigningKey] = {}
        own = {name.lower() for name in (*self._headers, *self._secret_headers)}
        plain = {"User-Agent": f"crossdock/{__version__}", "Accept": "application/json, */*;q=0.5"}
        self._plain = [(name, value) for name, value in plain.items() if name.lower() not in own]
        self.check()

    def check(self) -> None:
        """Make sure that all secrets are there.

        Raises:
            ConfigError: One is not there, or cannot be used.
        """
        self._signing_keys()
        list(self._further_headers())

    def of(self, message: Message, at: datetime) -> Request:
        """Return the request that hands a message over.

        Args:
            message: What is handed over.
            at: When this attempt is made, aware.

        Raises:
            InvalidMessage: This form cannot hold it.
            ConfigError: A secret is not there any more, or cannot be used.
        """
        headers, body = written(message, self._format)
        if message.traceparent is not None and _TRACEPARENT.fullmatch(message.traceparent):
            headers.append(("traceparent", message.traceparent))
        headers += signed_headers(self._signing_keys(), id=webhook_id(message), at=at, body=body)
        first = [("Host", self._target.authority), *self._plain, ("Accept-Encoding", "identity")]
        length = ("Content-Length", str(len(body)))
        return Request(self._target.resource, [*first, length, *headers, *self._further_headers()], body)

    def without_secrets(self, text: str) -> str:
        """Return words of the far side without the secrets that it may repeat."""
        for secret in (*self._secrets, *self._secret_headers.values()):
            try:
                text = text.replace(secret.text(), HIDDEN)
            except ConfigError:
                continue  # gone by now; it was not sent either
        return text

    def _signing_keys(self) -> list[SigningKey]:
        return [self._signing_key(secret) for secret in self._secrets]

    def _signing_key(self, secret: Secret) -> SigningKey:
        text = secret.text()
        if text not in self._keys:
            try:
                self._keys = {**self._keys, text: signing_key(text)}
            except ValueError as error:
                raise ConfigError(
                    f"{secret.place} holds no secret of a webhook, whsec_… or whsk_…: it {error}"
                ) from error
        return self._keys[text]

    def _further_headers(self) -> Iterator[tuple[str, str]]:
        yield from self._headers.items()
        for name, secret in self._secret_headers.items():
            value = secret.text()
            if not is_header_value(value):
                raise ConfigError(f"{secret.place} cannot be the header {name}: it is not printable ASCII")
            yield name, value


def webhook_id(message: Message) -> str:
    """Return the id of a message as a header can hold it; the same at each attempt."""
    try:
        return header_text(message.id)
    except ValueError as error:
        raise InvalidMessage.of("id", "has lone surrogates, which no header can hold") from error


def written(
    message: Message, form: Literal["webhook", "binary", "structured"]
) -> tuple[list[tuple[str, str]], bytes]:
    """Return the headers and the body of a message in one of the forms.

    Raises:
        InvalidMessage: That form cannot hold it.
    """
    match form:
        case "webhook":
            return [("content-type", JSON_TYPE)], _webhook_body(message)
        case "binary":
            return binary_event(message)
        case "structured":
            body = encode_json(message_document(message), field="data").encode()
            return [("content-type", f"{STRUCTURED_TYPE}; charset=UTF-8")], body
        case _:
            assert_never(form)


def _webhook_body(message: Message) -> bytes:
    """Source: Standard Webhooks 1.0.0, "Payload structure"."""
    if isinstance(message.data, bytes):
        raise InvalidMessage.of(
            "data", 'is bytes, and the format "webhook" is JSON; set format to "binary" or "structured"'
        )
    body = {"type": message.type, "timestamp": instant_text(message.time), "data": message.data}
    return encode_json(body, field="data").encode()
