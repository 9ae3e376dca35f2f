"""What is done to a store as a whole: back it up, restore it, check it, migrate it, describe it."""

from __future__ import annotations

import shutil
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import ConfigError, StoreDamaged, StoreError, StoreUnavailable
from crossdock.durable_files import FILE_MODE, FileSystem, publish
from crossdock.ports.clock import SystemClock
from crossdock.ports.notice import LogNotice
from crossdock.store import statements
from crossdock.store.liveness import live_owners
from crossdock.store.payloads import missing_text
from crossdock.store.prepared import prepare
from crossdock.store.schema import needs_migration
from crossdock.store.settings import StoreSettings
from crossdock.store.sqlite import damage, schema, shrinking
from crossdock.store.sqlite.build import choose
from crossdock.store.sqlite.connections import Connections
from crossdock.store.sqlite.errors import translate
from crossdock.store.sqlite.location import StoreLocation, file_system, is_postgresql, parse_url
from crossdock.store.sqlite.store import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import URL

_PAGES_PER_STEP: Final = 2000
"""Pages copied at a time; between two steps others may write."""
_SIDE_FILES: Final = ("-wal", "-shm", "-journal")
_BULK: Final = 500
_DEFAULT: Final = StoreSettings()
_COPIED: Final = "copied by the tools of PostgreSQL, as of one instant and while others use it"


def backup(
    url: str | URL,
    target: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
    settings: StoreSettings = _DEFAULT,
) -> Path:
    """Copy a store, consistent as of one instant, while others go on using it.

    Args:
        url: Of the store.
        target: The copy; it must not exist.
        progress: Told (pages copied, pages in all).
        settings: How the store is opened.

    Returns:
        The path of the copy. It is there only when it is whole and on the disk.

    Raises:
        StoreError: ``target`` exists.
        StoreDamaged: The store, and so the copy, is damaged.
        StoreUnavailable: The store cannot be read, or the copy cannot be written.
    """
    _refuse_postgresql(url, f"{_COPIED}: pg_dump --format=custom --schema=integration --file=BACKUP")
    location = _existing(url)
    if target.exists():
        raise StoreError(f"{target} exists already; name another file for the backup")
    files = FileSystem()
    hidden = target.with_name(f".{target.name}.part")
    try:
        files.create(hidden).close()
        _copy_into(location, hidden, progress, settings)
        _demand_whole(StoreLocation(hidden), settings)
        publish(files, hidden, target)
    except OSError as error:
        raise StoreUnavailable(f"cannot write the backup {target}: {error.strerror}") from error
    finally:
        for suffix in ("", *_SIDE_FILES):
            hidden.with_name(hidden.name + suffix).unlink(missing_ok=True)
    return target


def restore(
    url: str | URL, backup_file: Path, *, force: bool = False, settings: StoreSettings = _DEFAULT
) -> Path | None:
    """Put a backup in the place of a store. What was claimed when it was made goes back to its queues.

    Args:
        url: Of the store; its file may be damaged or missing.
        backup_file: As ``backup`` wrote it.
        force: Replace a store that exists; it is kept beside the new one.
        settings: How the store is opened.

    Returns:
        Where the former store is kept, or None if there was none.

    Raises:
        StoreError: There is no such backup, the store exists and ``force`` is not set, or processes use it.
        StoreDamaged: The backup is damaged, or is no store.
    """
    _refuse_postgresql(
        url, f"{_COPIED}: pg_restore --clean --if-exists --schema=integration --dbname=DATABASE BACKUP"
    )
    location = _on_disk(url)
    assert location.path is not None  # noqa: S101 - _on_disk made sure
    if not backup_file.is_file():
        raise StoreError(f"there is no backup {backup_file}")
    _demand_whole(StoreLocation(backup_file.resolve()), settings)
    _refuse_live(location)
    if location.path.exists() and not force:
        raise StoreError(f"{location} exists; say --force to replace it (the former file is kept)")
    part = location.path.with_name(f".{location.path.name}.restore")
    shutil.copyfile(backup_file, part)
    part.chmod(FILE_MODE)
    kept = _set_aside(location.path)
    publish(FileSystem(), part, location.path)
    damage.forget(location.path)
    _hand_back_everything(location, settings)
    return kept


def check(url: str | URL, *, full: bool = False, settings: StoreSettings = _DEFAULT) -> list[str]:
    """Examine a store's file and return what is wrong with it; an empty list is good.

    A file that an earlier examination found damaged, and that is not, may be used again.

    Args:
        url: Of the store.
        full: Compare every index with its table, too (slow for large stores).
        settings: How the store is opened.
    """
    if is_postgresql(url):
        from crossdock.store.postgresql import maintenance as on_postgresql  # noqa: PLC0415 - few have psycopg

        return on_postgresql.check(url, settings)
    location = _existing(url)
    pragma = "integrity_check" if full else "quick_check"
    try:
        with _reading(location, settings) as database:
            found = [str(text) for (text,) in database.execute(f"PRAGMA {pragma}").fetchall()]
            if schema.read_state(database) is None:
                return [f"{location} holds no Crossdock store"]
            needs_migration(schema.read_state(database), str(location))  # type: ignore[arg-type]  # not None
            if found != ["ok"]:
                return found
            lost = database.execute(prepare(statements.dangling).sql).fetchall()
    except StoreDamaged as error:
        return [str(error)]
    damage.forget(location.path)
    return [missing_text(*row) for row in lost]


def migrate(url: str | URL, *, settings: StoreSettings = _DEFAULT) -> tuple[int, int]:
    """Bring a store's schema up to date; return its number before and after.

    Raises:
        StoreError: There is no store.
        SchemaOutOfDate: A newer version of Crossdock made the store.
    """
    if is_postgresql(url):
        from crossdock.store.postgresql import maintenance as on_postgresql  # noqa: PLC0415 - few have psycopg

        return on_postgresql.migrate(url, settings)
    location = _existing(url)
    with _reading(location, settings) as database:
        before = schema.read_state(database)
    if before is None:
        raise StoreError(f"{location} holds no Crossdock store")
    with closing(_open(location, settings)) as store:
        after = store.open_store.look(schema.read_state)
    return before.number, after.number if after else before.number


def info(url: str | URL, *, settings: StoreSettings = _DEFAULT) -> dict[str, Any]:
    """Describe a store: place, size, schema, journal, messages by status, the processes that use it.

    Raises:
        StoreError: There is no store.
    """
    if is_postgresql(url):
        from crossdock.store.postgresql import maintenance as on_postgresql  # noqa: PLC0415 - few have psycopg

        return on_postgresql.info(url, settings)
    location = _existing(url)
    assert location.path is not None  # noqa: S101 - _existing made sure
    with _reading(location, settings) as database:
        state = schema.read_state(database)
        if state is None:
            raise StoreError(f"{location} holds no Crossdock store")
        store_id, created_at = database.execute(
            "SELECT store_id, created_at FROM crossdock_schema"
        ).fetchone()
        counts = database.execute("SELECT status, count(*) FROM data_staging GROUP BY status").fetchall()
        ((archived,),) = database.execute("SELECT count(*) FROM data_archive").fetchall()
        counts += [("archived", archived)] if archived else []
        files = database.execute(_FILES).fetchone()
        described = {name: database.execute(f"PRAGMA {name}").fetchone()[0] for name in _DESCRIBED}
    build = choose(settings.sqlite_module)
    return {
        "path": str(location.path),
        "store_id": store_id,
        "created_at": created_at,
        "schema": state.number,
        "oldest_code": state.oldest_code,
        "sqlite": str(build),
        "wal_reset_race": build.affected,
        "file_system": file_system(location.path),
        "bytes": location.path.stat().st_size,
        "free_bytes_inside": described["freelist_count"] * described["page_size"],
        "journal_mode": described["journal_mode"],
        "messages": dict(sorted(counts)),
        "archive_files": files[0],
        "filed_messages": files[1],
        "archive_bytes": files[2],
        "processes": sorted(live_owners(location.folder)),
    }


def vacuum(
    url: str | URL,
    *,
    progress: Callable[[int, int], None] | None = None,
    settings: StoreSettings = _DEFAULT,
) -> int:
    """Give back all space of a store's file that is not used, a little at a time, while others go on using it.

    Args:
        url: Of the store.
        progress: Told (pages given back, pages in all).
        settings: How the store is opened.

    Returns:
        How many bytes the file got smaller.

    Raises:
        StoreError: There is no store, or another program made its file, in a way that cannot shrink in steps; or it
            is on PostgreSQL, whose server does it.
    """
    _refuse_postgresql(
        url,
        "shrunk by its server: autovacuum makes space free for new messages; to give it back to the disk, stop all "
        "programs that use the store, and run: psql --command='VACUUM FULL integration.data_staging'",
    )
    location = _existing(url)
    with closing(_open(location, settings)) as store:
        opened = store.open_store
        if not opened.look(shrinking.can_shrink):
            raise StoreError(
                f"{location} was made by another program and cannot shrink in steps. Stop all programs that use it, "
                f"and run: sqlite3 {location} 'PRAGMA auto_vacuum = INCREMENTAL; VACUUM'"
            )
        total = free = opened.look(shrinking.free_pages)
        while free:
            opened.exclusive(shrinking.shrink)
            left = opened.look(shrinking.free_pages)
            if left >= free:
                break
            free = left
            if progress is not None:
                progress(total - free, total)
        return max(0, total - free) * int(opened.look(shrinking.page_size))


_FILES: Final = (
    "SELECT count(*), coalesce(sum(row_count), 0), coalesce(sum(file_size), 0) FROM archive_file "
    "WHERE row_count IS NOT NULL"
)
_DESCRIBED: Final = ("journal_mode", "page_size", "page_count", "freelist_count")


def _refuse_postgresql(url: str | URL, instead: str) -> None:
    if is_postgresql(url):
        raise StoreError(f"a store on PostgreSQL is {instead}")


def _on_disk(url: str | URL) -> StoreLocation:
    location = parse_url(url)
    if location.path is None:
        raise ConfigError("a store in memory can be neither copied nor examined")
    return location


def _existing(url: str | URL) -> StoreLocation:
    location = _on_disk(url)
    if location.identity() is None:
        raise StoreError(f"there is no store at {location}")
    return location


def _open(location: StoreLocation, settings: StoreSettings) -> SQLiteStore:
    return SQLiteStore(location, settings, name="maintenance", clock=SystemClock(), notice=LogNotice())


@contextmanager
def _reading(location: StoreLocation, settings: StoreSettings) -> Iterator[Any]:
    """Give a driver connection on a store's file, without setting anything up; its errors become ours."""
    connections = Connections(location, choose(settings.sqlite_module), settings)
    connections.register()
    try:
        with closing(connections.open()) as database:
            yield database
    except connections.errors as error:
        raise translate(error, location) from error
    finally:
        connections.unregister()


def _copy_into(
    location: StoreLocation,
    target: Path,
    progress: Callable[[int, int], None] | None,
    settings: StoreSettings,
) -> None:
    def told(_: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    with _reading(location, settings) as source, _reading(StoreLocation(target), settings) as copy:
        (journal,) = source.execute("PRAGMA journal_mode").fetchone()
        # A snapshot keeps the copy from starting over at each commit of others. In a rollback journal a snapshot would
        # keep them from committing: there the copy is made in one step, which they wait for.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        pages = _PAGES_PER_STEP if journal == "wal" else -1
        source.backup(copy, pages=pages, progress=told, sleep=0.0)
        source.execute("COMMIT")
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()


def _demand_whole(location: StoreLocation, settings: StoreSettings) -> None:
    with _reading(location, settings) as database:
        found = database.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise StoreDamaged(f"{location} is damaged: {found}")
        if schema.read_state(database) is None:
            raise StoreError(f"{location} holds no Crossdock store")


def _refuse_live(location: StoreLocation) -> None:
    live = sorted(live_owners(location.folder))
    if live:
        raise StoreError(f"{location} is in use by {', '.join(live)}; stop these processes first")


def _set_aside(path: Path) -> Path | None:
    """Rename a store with its side files; nobody has it open."""
    if not path.exists():
        return None
    kept = path.with_name(f"{path.name}.before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
    for suffix in (*_SIDE_FILES, damage.SUFFIX):
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(kept.with_name(kept.name + suffix))
    path.rename(kept)
    return kept


def _hand_back_everything(location: StoreLocation, settings: StoreSettings) -> None:
    with closing(_open(location, settings)) as store:
        for owner in store.read(lambda reader: reader.owners()):
            _hand_back(store, owner)


def _hand_back(store: SQLiteStore, owner: str) -> None:
    while store.write(lambda tx: tx.hand_back_all(owner, _BULK)) == _BULK:
        pass
