"""Keeps tokens and client secrets: in the key ring of the system if one works, else in files for their owner alone."""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from crossdock import ConfigError, CredentialError, TransientError
from crossdock.key_ring import KeyRing, KeyRingFailed
from task_priority.private_file import replace_file, sync_folder

VARIABLES: Final[Mapping[str, tuple[str, str]]] = {"todoist": ("TODOIST_API_TOKEN", "token")}
"""Environment variables that stand for what is kept under a name: the variable, and its key there."""

KEY_RING_VARIABLE: Final = "TASK_PRIORITY_KEYRING"
"""Set to ``off``, the key ring of the system is not used."""

_FOLDER_MODE: Final = 0o700
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_KEPT_IN_RING: Final = {"kept_in": "key ring"}
_TURN: Final = timedelta(seconds=60)
_LOOK_EVERY_S: Final = 0.02


class Credentials:
    """What services want to see before they answer, under the names of the services.

    For each name there is a file ``<home>/credentials/<name>.json``, which says that the key ring has it, or has it
    itself. It is replaced in one step and survives a power cut, so one name never has two credentials. Several
    processes may use one home.

    Args:
        home: The folder of the application.
        environment: Variables that override what is kept; see ``VARIABLES``.
        key_ring: Instead of that of the system.
    """

    def __init__(
        self, home: Path, *, environment: Mapping[str, str] = os.environ, key_ring: KeyRing | None = None
    ) -> None:
        self._folder = home / "credentials"
        self._environment = environment
        self._ring = key_ring or KeyRing(f"task-priority {self._folder.absolute()}")

    def __repr__(self) -> str:
        """Tell where they are, and never what they are."""
        return f"Credentials({str(self._folder)!r})"

    def store(self, name: str, values: Mapping[str, Any]) -> str:
        """Keep credentials, instead of earlier ones of that name; when it returns they survive a power cut.

        Args:
            name: Lower-case letters, digits, ``-`` and ``_``.
            values: A JSON object.

        Returns:
            Where they are kept, in words.
        """
        file = self._file(name)
        was_in_ring = _is_in_ring(file)
        text = json.dumps(dict(values))
        now_in_ring = self._put_into_ring(name, text)
        _make_folder(file.parent)
        replace_file(file, json.dumps(_KEPT_IN_RING) if now_in_ring else text)
        if was_in_ring and not now_in_ring:
            with suppress(KeyRingFailed):
                self._ring.remove(name)
        return self._place(file)

    def load(self, name: str) -> Mapping[str, Any] | None:
        """Return the credentials of that name, or None if there are none.

        Raises:
            CredentialError: The key ring has them and does not give them out, or their file is damaged.
        """
        overriding = self._from_environment(name)
        if overriding is not None:
            return overriding
        kept = _read(self._file(name))
        return self._from_ring(name) if kept == _KEPT_IN_RING else kept

    def forget(self, name: str) -> bool:
        """Remove the credentials of that name; tell whether there were any.

        Raises:
            CredentialError: The key ring has them and does not let them go.
        """
        file = self._file(name)
        if not file.exists():
            return False
        if _is_in_ring(file):
            self._remove_from_ring(name)
        file.unlink(missing_ok=True)
        sync_folder(file.parent)
        return True

    def where(self, name: str) -> str | None:
        """Return in words where the credentials of that name are kept; None: there are none."""
        if self._from_environment(name) is not None:
            return f"the environment variable {VARIABLES[name][0]}"
        file = self._file(name)
        return self._place(file) if file.exists() else None

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Be the only one, of all threads and processes, who renews the credentials of that name.

        Raises:
            TransientError: Another has been at it for a minute.
        """
        _make_folder(self._folder)
        lock = os.open(
            self._folder / f".{self._file(name).stem}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            deadline = time.monotonic() + _TURN.total_seconds()
            while not _locked(lock):
                if time.monotonic() > deadline:
                    raise TransientError(
                        f"another process has been renewing the credentials of {name} for a minute"
                    )
                time.sleep(_LOOK_EVERY_S)
            yield
        finally:
            os.close(lock)

    def _file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name credentials: lower-case letters, digits, - and _ can")
        return self._folder / f"{name}.json"

    def _place(self, file: Path) -> str:
        return "the key ring of this system" if _is_in_ring(file) else str(file)

    def _from_environment(self, name: str) -> Mapping[str, Any] | None:
        variable, key = VARIABLES.get(name, ("", ""))
        value = self._environment.get(variable, "").strip()
        return {key: value} if value else None

    def _put_into_ring(self, name: str, text: str) -> bool:
        if self._environment.get(KEY_RING_VARIABLE, "").strip().lower() == "off":
            return False
        try:
            self._ring.put(name, text)
        except KeyRingFailed:
            return False
        return True

    def _from_ring(self, name: str) -> Mapping[str, Any]:
        try:
            text = self._ring.get(name)
        except KeyRingFailed as error:
            raise CredentialError(
                f"The credentials of {name} cannot be read: {error}. Unlock it, or run `task-priority connect` again "
                f"with {KEY_RING_VARIABLE}=off to keep them in a file"
            ) from error
        if text is None:
            raise CredentialError(
                f"The key ring of this system no longer has the credentials of {name}: "
                "run `task-priority connect` again"
            )
        return _object(text, f"What the key ring has under {name}")

    def _remove_from_ring(self, name: str) -> None:
        try:
            self._ring.remove(name)
        except KeyRingFailed as error:
            raise CredentialError(
                f"The credentials of {name} cannot be removed: {error}. Unlock it and try again"
            ) from error


class TriedCredentials(Credentials):
    """Credentials of which some are tried: these are in memory alone, and what is kept under their names stays.

    Args:
        home: The folder of the application.
        tried: By name, what is used instead of what is kept.
    """

    def __init__(self, home: Path, tried: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(home)
        self._tried = dict(tried)

    def store(self, name: str, values: Mapping[str, Any]) -> str:
        """Keep credentials; those that are tried in memory."""
        if name not in self._tried:
            return super().store(name, values)
        self._tried[name] = dict(values)
        return "memory"

    def load(self, name: str) -> Mapping[str, Any] | None:
        """Return those that are tried, else those that are kept."""
        return self._tried[name] if name in self._tried else super().load(name)


def _is_in_ring(file: Path) -> bool:
    try:
        return _read(file) == _KEPT_IN_RING
    except CredentialError:
        return False


def _read(file: Path) -> Mapping[str, Any] | None:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise ConfigError(f"{file} cannot be read: it belongs to another user") from error
    return _object(text, str(file))


def _object(text: str, what: str) -> Mapping[str, Any]:
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise CredentialError(f"{what} is damaged: run `task-priority connect` again")
    return values


def _make_folder(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(_FOLDER_MODE)


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
