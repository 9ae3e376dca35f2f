"""Secrets of a configuration: it says where they are kept (environment, file, key ring), and never what they are."""

# ruff: noqa: ANN401 - settings are any TOML value

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from crossdock.config.kinds import Chosen
from crossdock.config.table import Expected, Explained, Table
from crossdock.domain.errors import ConfigError
from crossdock.key_ring import KeyRing, KeyRingFailed

_LARGEST_FILE: Final = 64 * 1024
_PLACES: Final = 3
_SERVICE: Final = "crossdock"
"""What the secrets are filed under in a key ring."""


class SecretReference(Table):
    """Where a secret is kept: in a variable of the environment, in a file, or in the key ring of the system."""

    env: Annotated[str, Field(min_length=1), Expected("the name of a variable")] | None = Field(
        default=None, description="The variable that holds it."
    )
    file: Annotated[str, Field(min_length=1), Expected("the path of a file")] | None = Field(
        default=None,
        description="The file that holds it and nothing else; a relative path counts from the folder of this file.",
    )
    keyring: Annotated[str, Field(min_length=1), Expected("a name in the key ring")] | None = Field(
        default=None,
        description=(
            "The name under which the key ring of the system has it, for the service crossdock: "
            "keyring set crossdock NAME keeps it there."
        ),
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if [self.env, self.file, self.keyring].count(None) != _PLACES - 1:
            raise Explained("a secret is in one place: give one of env, file and keyring")
        return self

    def bound_to(self, folder: Path) -> Secret:
        """Return the secret, looked for where relative paths count from ``folder``."""
        return Secret(self, folder)


def _no_literal(given: Any) -> Any:
    """Refuse a secret that stands in the configuration, without showing it."""
    if isinstance(given, str):
        raise Explained(
            'a secret does not stand in the configuration; say where it is: { env = "NAME" }, { file = "path" } or '
            '{ keyring = "name" }'
        )
    return given


Reference: TypeAlias = Annotated[
    SecretReference,
    BeforeValidator(_no_literal),
    Expected('a table that says where a secret is, such as { env = "WEBHOOK_SECRET" }'),
]
References: TypeAlias = Annotated[
    list[Reference],
    BeforeValidator(_no_literal),
    Expected('an array of tables that say where secrets are, such as [{ env = "WEBHOOK_SECRET" }]'),
]
NamedReferences: TypeAlias = Annotated[
    dict[str, Reference],
    BeforeValidator(_no_literal),
    Expected('a table of such as { Authorization = { env = "WAREHOUSE_TOKEN" } }'),
]


class Secret:
    """A secret that is kept somewhere; a file is read again when it has changed, a key ring is asked once.

    Args:
        reference: Where it is kept.
        folder: Relative paths count from it.
        environ: Default: the environment of this process.
        ring: Instead of the key ring of the system.
    """

    def __init__(
        self,
        reference: SecretReference,
        folder: Path,
        environ: Mapping[str, str] | None = None,
        ring: KeyRing | None = None,
    ) -> None:
        self._reference = reference
        self._environ = os.environ if environ is None else environ
        self._path = None if reference.file is None else folder / reference.file
        self._read: tuple[object, str] | None = None
        self._ring = ring or KeyRing(_SERVICE)

    @property
    def place(self) -> str:
        """Words for where it is kept."""
        if self._reference.keyring is not None:
            return f"the entry {self._reference.keyring} of {_SERVICE} in the key ring"
        return f"the file {self._path}" if self._path is not None else f"the variable {self._reference.env}"

    def text(self) -> str:
        """Return the secret as it is now; a line's end behind it does not count.

        Raises:
            ConfigError: It is not there, empty, or no text. The words do not tell what it is.
        """
        if self._reference.keyring is not None:
            return self._of_ring(self._reference.keyring)
        return self._of_variable() if self._path is None else self._of_file(self._path)

    def _of_ring(self, name: str) -> str:
        """Ask once: it may take long, and adapters want to know for each message."""
        if self._read is None:
            try:
                found = self._ring.get(name)
            except KeyRingFailed as error:
                raise ConfigError(f"{self.place} cannot be read: {error}") from error
            if not found:
                raise ConfigError(
                    f"{self.place} is {'missing' if found is None else 'empty'}; put it there with: "
                    f"keyring set {_SERVICE} {name}"
                )
            self._read = (name, found)
        return self._read[1]

    def _of_variable(self) -> str:
        found = self._environ.get(self._reference.env or "", "")
        if not found:
            raise ConfigError(
                f"{self.place} is {'empty' if self._reference.env in self._environ else 'not set'}"
            )
        return found

    def _of_file(self, path: Path) -> str:
        try:
            status = path.stat()
            version = (status.st_ino, status.st_size, status.st_mtime_ns)
            if self._read is None or self._read[0] != version:
                self._read = (version, self._text_of(path))
        except OSError as error:
            raise ConfigError(f"{self.place} cannot be read: {error.strerror}") from error
        return self._read[1]

    def _text_of(self, path: Path) -> str:
        with path.open("rb") as file:
            found = file.read(_LARGEST_FILE + 1)
        if len(found) > _LARGEST_FILE:
            raise ConfigError(f"{self.place} is too large to be a secret")
        try:
            text = found.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise ConfigError(f"{self.place} is not text in UTF-8") from None  # the cause would show it
        if not text:
            raise ConfigError(f"{self.place} is empty")
        return text


def secrets_in(settings: Any, folder: Path) -> Iterator[Secret]:
    """Give the secrets that settings refer to.

    Args:
        settings: A table of the configuration, or what is in one.
        folder: Relative paths count from it.
    """
    match settings:
        case SecretReference():
            yield settings.bound_to(folder)
        case Chosen():
            yield from secrets_in(settings.settings, folder)
        case BaseModel():
            for name in type(settings).model_fields:
                yield from secrets_in(getattr(settings, name), folder)
        case dict():
            yield from secrets_in(list(settings.values()), folder)
        case list() | tuple():
            for one in settings:
                yield from secrets_in(one, folder)
        case _:
            return
