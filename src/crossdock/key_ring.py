"""The key ring of the system, asked with a time limit: one that waits for a person must not stop a program."""

# ruff: noqa: ANN401 - the library is imported only where it is needed

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Protocol, TypeVar

T = TypeVar("T")

PATIENCE: Final = timedelta(seconds=10)
_TRUSTED_FROM: Final = 1
"""The priority from which the keyring library itself recommends a key ring; below are plain files and the like."""


class KeyRingFailed(Exception):
    """The key ring is locked, gone or silent; keep the secret elsewhere, or say what the message says."""


class Ring(Protocol):
    """What the keyring library offers of a key ring."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return a secret, or None if there is none."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a secret."""

    def delete_password(self, service: str, username: str) -> None:
        """Forget a secret."""


class KeyRing:
    """Keeps secrets under names, in the key ring of the system.

    Args:
        service: What the secrets are filed under.
        ring: Instead of that of the system.
        patience: How long one question may take. A key ring that took longer is not asked again by this object.
    """

    def __init__(self, service: str, *, ring: Ring | None = None, patience: timedelta = PATIENCE) -> None:
        self._service = service
        self._ring = ring
        self._patience = patience
        self._silent = False

    def put(self, name: str, secret: str) -> None:
        """Keep a secret, and make sure that it can be read again.

        Raises:
            KeyRingFailed: It is not kept.
        """
        self._ask(lambda ring: ring.set_password(self._service, name, secret))
        if self.get(name) != secret:
            raise KeyRingFailed("the key ring of this system does not give back what it was given")

    def get(self, name: str) -> str | None:
        """Return a secret, or None if there is none under the name.

        Raises:
            KeyRingFailed: Nobody knows.
        """
        return self._ask(lambda ring: ring.get_password(self._service, name))

    def remove(self, name: str) -> None:
        """Forget a secret; harmless if there is none.

        Raises:
            KeyRingFailed: It may still be there.
        """
        library = _library()

        def remove(ring: Ring) -> None:
            with contextlib.suppress(library.errors.PasswordDeleteError):
                ring.delete_password(self._service, name)

        self._ask(remove)

    def _ask(self, question: Callable[[Ring], T]) -> T:
        if self._silent:
            raise KeyRingFailed("the key ring of this system does not answer")
        ring = self._ring
        library = _library() if ring is None else None
        answers: list[T] = []
        errors: list[Exception] = []

        def ask() -> None:
            try:
                answers.append(question(_ring_of_system(library) if ring is None else ring))
            except Exception as error:  # noqa: BLE001 - each key ring has errors of its own
                errors.append(error)

        # A thread, because nothing else can be left behind when it waits for somebody to type a password.
        thread = threading.Thread(target=ask, name="key-ring", daemon=True)
        thread.start()
        thread.join(self._patience.total_seconds())
        if answers:
            return answers[0]
        if errors:
            raise KeyRingFailed(f"the key ring of this system refuses: {type(errors[0]).__name__}")
        self._silent = True
        raise KeyRingFailed(
            f"the key ring of this system does not answer within {self._patience.total_seconds():g} s; "
            "it may be locked"
        )


def _library() -> Any:
    """Import the keyring library, which only those need who keep a secret there.

    Raises:
        KeyRingFailed: It is not installed.
    """
    try:
        import keyring.errors  # noqa: PLC0415 - needs the extra
    except ModuleNotFoundError as missing:
        raise KeyRingFailed(
            "the key ring of this system needs the package keyring; install it with: pip install 'crossdock[keyring]'"
        ) from missing
    return keyring


def _ring_of_system(library: Any) -> Ring:
    ring: Any = library.get_keyring()
    if ring.priority < _TRUSTED_FROM:
        raise library.errors.NoKeyringError("there is none that keeps secrets well")
    found: Ring = ring
    return found
