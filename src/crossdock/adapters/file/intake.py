"""Takes the files of a stage in, one after the other. It knows no event loop; one thread at a time uses it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crossdock.adapters.file.archived import taken_before
from crossdock.adapters.file.arrival import Arrived, Lookout
from crossdock.adapters.file.checking import Stopped
from crossdock.adapters.file.claim import Claim
from crossdock.adapters.file.claims import Claims
from crossdock.adapters.file.departures import SHARED_MODE, TAKEN, Departures
from crossdock.adapters.file.endings import Endings
from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.memory import Memory
from crossdock.adapters.file.once import OneLook
from crossdock.adapters.file.origins import Origins
from crossdock.adapters.file.reading.rows import BadRow, Chunk
from crossdock.adapters.file.recovery import Recovery
from crossdock.adapters.file.taking import Rules, Taking
from crossdock.adapters.file.tree import Tree, demand_inside, demand_one_file_system
from crossdock.domain.json_texts import JsonTexts
from crossdock.durable_files import FOLDER_MODE, FileSystem
from crossdock.ports.inbound import Position, Refusal
from crossdock.ports.surroundings import Surroundings

if TYPE_CHECKING:
    from crossdock.adapters.file.once import Once

_LOOK_FOR_DEAD_S: Final = 2.0


class Intake:
    """Takes files in.

    Args:
        tree: Whose stage.
        rules: What is taken, and how.
        surroundings: Where we work.
        files: The file system.
        elapsed: Seconds since some moment.
        once: Only what lies there now is taken; None: whatever comes.
    """

    def __init__(  # noqa: PLR0913 - all but three by keyword
        self,
        tree: Tree,
        rules: Rules,
        surroundings: Surroundings,
        *,
        files: FileSystem,
        elapsed: Callable[[], float],
        once: Once | None = None,
    ) -> None:
        self._tree = tree
        self._rules = rules
        self._files = files
        self._elapsed = elapsed
        self._notice = surroundings.notice
        self._now = surroundings.now
        lookout = Lookout(tree, rules.watch, elapsed=elapsed, stuck=self._tell_stuck)
        self._lookout = lookout if once is None else OneLook(lookout, once, elapsed=elapsed)
        self._claims = Claims(tree, rules.watch, files=files, owner=surroundings.owner, now=surroundings.now)
        self._recovery = Recovery(tree, self._claims, files=files, lives=surroundings.lives)
        ended = None if once is None else once.note_end
        self._departures = Departures(tree, files=files, now=surroundings.now, ended=ended)
        self._endings = Endings(self._departures, Origins(tree, files), surroundings)
        self._arrived: deque[Arrived] = deque()
        self._waiting: deque[Claim] = deque()
        self._looked_for_dead = 0.0
        self._taking: Taking | None = None
        self._given: Chunk | None = None
        self._refused: dict[str, list[BadRow]] = {}
        self._ahead: list[Chunk | FileFault | None] = []
        self._memory = Memory({}, is_done=bool, now=surroundings.now)
        self._stop = False
        self._finishing = False

    def connect(self, positions: Mapping[str, Any]) -> None:
        """Make sure that the folders are there, and find again what was claimed.

        Raises:
            NotConnected: The root is not there.
            ConfigError: A folder is a link, or on another file system.
        """
        self._stop = self._finishing = False
        self._let_go()
        demand_inside(self._tree, self._tree.root)
        own = self._tree.root / self._tree.archive_name, self._tree.root / self._tree.errors_name
        for folder in (self._tree.stage_folder, *own):
            self._make(folder, SHARED_MODE)
        self._make(self._tree.claims)
        demand_one_file_system(self._tree, self._tree.stage_folder, self._tree.claims, *own)
        self._memory = Memory(
            positions, is_done=lambda key: taken_before(self._tree, key) is not None, now=self._now
        )
        self._look_for_dead()

    def stop(self) -> None:
        """Let whatever runs come to an end soon; may be called from another thread."""
        self._stop = True

    def finish(self) -> None:
        """Claim nothing more; what is claimed is still given."""
        self._finishing = True

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will be given."""
        nothing_new = self._finishing or self._lookout.is_over
        return nothing_new and self._taking is None and self._given is None and not self._waiting

    def close(self) -> None:
        """Let go of everything; what was claimed and is not done may be taken over by others."""
        self._let_go()
        self._recovery.release()

    def next(self) -> Chunk | None:
        """Return the next rows that can be sent, or the last again if they were not stored; None: none are there."""
        self.keep_refused()
        while self._given is None and not self._stop:
            if self._taking is None:
                claim = self._next_claim()
                if claim is None:
                    return None
                self._begin(claim)
                continue
            chunk = self._read()
            if chunk is not None:
                self._taking.rejected.add(chunk.bad)
                if chunk.items:
                    self._given = chunk
                else:
                    self._taking.place = chunk.end
        return self._given

    def read_ahead(self) -> None:
        """Read the rows behind those that are being stored, and do nothing with them."""
        if self._taking is not None and not self._ahead and not self._stop:
            try:
                self._ahead.append(self._taking.read())
            except FileFault as fault:
                self._ahead.append(fault)

    def positions(self, chunk: Chunk) -> list[Position]:
        """Return what is to be stored together with some rows."""
        return self._memory.with_place(self._current.key, chunk.end)

    def stored(self, chunk: Chunk, positions: Sequence[Position], refused: Sequence[Refusal]) -> None:
        """Know that rows were stored, but for those that can be no messages: ``keep_refused`` is to set them aside."""
        self._memory.stored(positions)
        self._current.place = chunk.end
        self._given = None
        if not refused:
            return
        numbers = chunk.numbers
        self._refused.setdefault(self._current.key, []).extend(
            BadRow(
                numbers[place],
                None,
                error.details or (("", str(error)),),
                _given(chunk.items[place], chunk.items),
            )
            for place, error in refused
        )

    def keep_refused(self) -> None:
        """Set those rows aside of the present file that were refused."""
        if self._taking is not None:
            self._taking.rejected.add(self._refused.get(self._taking.key, []))
            self._refused.pop(self._taking.key, None)

    @property
    def file_name(self) -> str:
        """The file that is being taken."""
        return self._current.claim.name

    @property
    def _current(self) -> Taking:
        assert self._taking is not None  # noqa: S101 - asked only while rows are on their way
        return self._taking

    def _next_claim(self) -> Claim | None:
        """Return a claim: one that was found again, or of what has arrived since."""
        if not self._waiting and self._elapsed() - self._looked_for_dead >= _LOOK_FOR_DEAD_S:
            self._look_for_dead()
        if self._finishing:
            return self._waiting.popleft() if self._waiting else None
        if not self._waiting and not self._arrived:
            self._arrived += self._lookout.look()
        while self._arrived and not self._waiting:
            self._waiting += self._claims.claim(self._arrived.popleft())
        return self._waiting.popleft() if self._waiting else None

    def _begin(self, claim: Claim) -> None:
        """Check a claimed file and begin to read it; or end it at once."""
        if "leaving" in claim.note:
            manifest = self._departures.finish(claim)["manifest"]
            if manifest is not None:
                self._memory.forget(manifest[TAKEN]["key"])
            return
        taking: Taking | None = None
        try:
            taking = Taking(
                claim, self._tree.stage, self._rules, files=self._files, go_on=lambda: not self._stop
            )
            earlier = taken_before(self._tree, taking.key)
            if earlier is not None:
                self._endings.duplicate(taking, earlier)
                self._memory.forget(taking.key)
                return
            taking.start(self._memory.place_of(taking.key))
        except FileFault as fault:
            self._fail(claim, fault, taking)
        except Stopped:
            self._waiting.appendleft(claim)
        else:
            self._taking = taking

    def _read(self) -> Chunk | None:
        """Read on; at the end of the file, or where it cannot be read any further, end it."""
        taking = self._current
        try:
            chunk = self._ahead.pop() if self._ahead else taking.read()
        except FileFault as fault:
            chunk = fault
        if isinstance(chunk, Chunk):
            return chunk
        taking.close()
        if chunk is None:
            self._endings.taken(taking)
            self._memory.forget(taking.key)
        else:
            self._fail(taking.claim, chunk, taking)
        self._taking = None
        return None

    def _fail(self, claim: Claim, fault: FileFault, taking: Taking | None) -> None:
        if taking is not None:
            taking.close()
        self._endings.failed(claim, fault, taking)

    def _look_for_dead(self) -> None:
        self._looked_for_dead = self._elapsed()
        self._waiting += self._recovery.found()

    def _let_go(self) -> None:
        if self._taking is not None:
            self._taking.close()
        self._taking = None
        self._given = None
        self._ahead.clear()
        self._waiting.clear()
        self._arrived.clear()

    def _make(self, folder: Path, mode: int = FOLDER_MODE) -> None:
        if not folder.is_dir():
            self._files.make_folder(folder, mode)
        demand_inside(self._tree, folder)

    def _tell_stuck(self, path: Path, wants: str) -> None:
        self._notice(
            "file.waiting", f"{self._tree.relative(path)} has waited for over an hour; it needs {wants}"
        )


def _given(item: Any, items: Sequence[Any]) -> Any:
    """Return what is shown of an item that was refused."""
    if isinstance(items, JsonTexts):
        return json.loads(item)
    return f"{len(item)} bytes" if isinstance(item, bytes) else item
