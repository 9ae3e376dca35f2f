"""The count outside the store: each acknowledged send, each start and end of a handler, what is missing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Ledger:
    """All that senders and workers wrote down, in instants of the machine's one monotonic clock."""

    acknowledged: dict[int, str] = field(default_factory=dict)
    """Message number to the reference its sender was given."""
    send_s: list[float] = field(default_factory=list)
    starts: dict[int, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    """Message number to (instant in ns, worker), in order."""
    ends: Counter[int] = field(default_factory=Counter)
    pick_up_s: list[float] = field(default_factory=list)
    """From the beginning of a send to the start of its handler, where the sender told its instant."""
    last_end_ns: int = 0
    first_start_ns: int = 0

    @classmethod
    def read(cls, folder: Path) -> Ledger:
        """Read every ``*.ledger`` of a folder, named after its writer. A torn last line is left out."""
        ledger = cls()
        for path in sorted(folder.glob("*.ledger")):
            text = path.read_text()
            for line in text[: text.rfind("\n") + 1].splitlines():
                ledger._add(line.split(), path.stem)
        for runs in ledger.starts.values():
            runs.sort()
        return ledger

    def lost(self, unfinished: int) -> int:
        """Count acknowledged messages never handled to the end that the store no longer holds."""
        return max(0, sum(n not in self.ends for n in self.acknowledged) - unfinished)

    def repeats(self) -> int:
        """Count the runs beyond the first."""
        return sum(len(runs) - 1 for runs in self.starts.values())

    def unexplained(self, *, killed: Collection[str], recorded: Callable[[str], int] | None) -> int:
        """Count repeats that nothing explains.

        Args:
            killed: Workers that were killed. A run is explained if the one before it was in such a worker.
            recorded: If given, decides instead: asks the contender how often it handed a message out again.
        """
        count = 0
        for n, runs in self.starts.items():
            if len(runs) == 1:
                continue
            if recorded is None or n not in self.acknowledged:
                count += sum(worker not in killed for _, worker in runs[:-1])
            else:
                count += max(0, len(runs) - 1 - recorded(self.acknowledged[n]))
        return count

    def _add(self, words: list[str], worker: str) -> None:
        kind, n = words[0], int(words[1])
        match kind:
            case "A":
                self.acknowledged[n] = words[3]
                self.send_s.append(float(words[2]))
            case "S":
                instant, sent = int(words[2]), int(words[3])
                self.starts[n].append((instant, worker))
                self.first_start_ns = min(self.first_start_ns or instant, instant)
                if sent:
                    self.pick_up_s.append((instant - sent) / 1e9)
            case _:
                self.ends[n] += 1
                self.last_end_ns = max(self.last_end_ns, int(words[2]))
