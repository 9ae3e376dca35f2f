"""Whether the API may listen where the configuration says; decided before anything listens."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crossdock.api.settings import is_any, is_local
from crossdock.app.configured import folder_of
from crossdock.domain.errors import ConfigError
from crossdock.domain.key import KeyText, new_key_text, parse_key
from crossdock.hub.keys import first_creation
from crossdock.store.sqlite.location import is_postgresql, parse_url

if TYPE_CHECKING:
    from crossdock.asynchronous.queue import AsyncQueue
    from crossdock.config import Loaded
    from crossdock.config.api_table import ApiTable

FIRST: Final = "first"
"""The name of the key that is made when there is none."""


def exposure_problems(table: ApiTable, *, has_keys: bool) -> list[str]:
    """Return what speaks against listening there, each with what to do about it."""
    if is_local(table.host):
        return []
    found: list[str] = []
    if table.tls_cert is None and not table.behind_proxy:
        found.append(
            f"api.host: {table.host} can be reached from other machines, and keys would cross the network in the "
            f"clear: set api.tls_cert and api.tls_key, or api.behind_proxy if a proxy in front speaks TLS"
        )
    if is_any(table.host) and not table.allowed_hosts:
        found.append(
            "api.allowed_hosts: name the names by which clients call this host; requests under any other are refused"
        )
    if not has_keys:
        found.append(
            f"api.host: {table.host} can be reached from other machines, and there is no key yet: make one with "
            f"'crossdock key create'"
        )
    return found


async def check_exposure(queue: AsyncQueue, loaded: Loaded) -> Path | None:
    """Make sure that the API may listen, and that there is a key.

    Returns:
        Where a key was written that was made just now; None: there was one.

    Raises:
        ConfigError: It may not; there is a line for each reason.
    """
    keys = await queue._store.read_async(lambda reader: reader.keys())
    problems = exposure_problems(loaded.config.api, has_keys=bool(keys))
    if problems:
        raise ConfigError("\n".join(problems))
    if keys:
        return None
    path = key_file(loaded)
    text = _kept_key(path)
    made = await queue._store.write_async(first_creation(text, FIRST))
    return None if made is None else path


def key_file(loaded: Loaded) -> Path:
    """Return where the first key is written."""
    given = loaded.config.api.key_file
    if given is not None:
        return folder_of(loaded) / given
    path = None if is_postgresql(loaded.store_url) else parse_url(loaded.store_url).path
    return folder_of(loaded) / "crossdock.key" if path is None else path.with_name(f"{path.name}.key")


def _kept_key(path: Path) -> KeyText:
    """Return the key of a file, made with a new key if it is not there.

    The key is on the disk before it opens anything, and two processes that do this at once agree on one.

    Raises:
        ConfigError: The file cannot be written, or holds something else, or others may read it.
    """
    text = new_key_text()
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # of mode 0600
        with os.fdopen(handle, "w") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            Path(path).hardlink_to(name)
        except FileExistsError:
            return _read_key(path)
        finally:
            Path(name).unlink()
    except OSError as error:
        raise ConfigError(f"api.key_file: the first key cannot be written to {path}: {error}") from error
    return text


def _read_key(path: Path) -> KeyText:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigError(f"api.key_file: others may read {path}; chmod 600 it, or remove it for a new key")
    text = parse_key(path.read_text(encoding="utf-8", errors="replace").strip())
    if text is None:
        raise ConfigError(f"api.key_file: {path} holds no key; remove it, or name another file")
    return text
