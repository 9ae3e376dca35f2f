"""The client that a person made in the Google Cloud console, read from the file that Google gives for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from crossdock import ConfigError

_HOW: Final = (
    "make a client of the type Desktop app (Google Cloud console, APIs & Services, Credentials) "
    "and give the JSON file that it offers"
)


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """What Google knows a program by.

    Attributes:
        secret: Of a desktop app; everybody who has the program can read it, but logs should not have it.
        auth_uri: Where people give their consent.
        token_uri: Where programs get tokens.
    """

    id: str
    secret: str = field(repr=False)
    auth_uri: str = "https://accounts.google.com/o/oauth2/v2/auth"
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address


def read_client(path: Path) -> OAuthClient:
    """Read a client from the file that Google gives for it, called ``client_secret_….json``.

    Raises:
        ConfigError: There is no such file, or it is of another kind; the message says of which.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): {_HOW}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is no JSON: {_HOW}") from error
    if not isinstance(content, Mapping):
        raise ConfigError(f"{path} is no file of a client: {_HOW}")
    return _client(path, _desktop_part(path, content))


def _desktop_part(path: Path, content: Mapping[str, Any]) -> Mapping[str, Any]:
    part = content.get("installed")
    if isinstance(part, Mapping):
        return part
    if "web" in content:
        raise ConfigError(f"{path} is of a client for web sites, which cannot be used by a program: {_HOW}")
    if content.get("type") == "service_account":
        raise ConfigError(f"{path} is the key of a service account, which sees no calendar of yours: {_HOW}")
    raise ConfigError(f"{path} is no file of a client: {_HOW}")


def _client(path: Path, part: Mapping[str, Any]) -> OAuthClient:
    usual = OAuthClient("", "")
    values = {
        "client_id": part.get("client_id"),
        "client_secret": part.get("client_secret"),
        "auth_uri": part.get("auth_uri", usual.auth_uri),
        "token_uri": part.get("token_uri", usual.token_uri),
    }
    missing = [name for name, value in values.items() if not isinstance(value, str) or not value]
    if missing:
        raise ConfigError(f"{path}: installed.{missing[0]} is missing: {_HOW}")
    return OAuthClient(values["client_id"], values["client_secret"], values["auth_uri"], values["token_uri"])
