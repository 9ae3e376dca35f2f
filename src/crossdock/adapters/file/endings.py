"""Says what became of a file, in its manifest, in a report and to people, and sends it where it stays."""

from __future__ import annotations

import os
from typing import Any

from crossdock.adapters.file.checking import Facts, instant
from crossdock.adapters.file.claim import Claim
from crossdock.adapters.file.departures import TAKEN, Departures
from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.manifest import Manifest
from crossdock.adapters.file.origins import REPLAY_OF, Origins
from crossdock.adapters.file.reading.json_values import parse
from crossdock.adapters.file.taking import Taking, shown_name
from crossdock.domain.wording import counted
from crossdock.ports.surroundings import Surroundings


class Endings:
    """Ends what was taken, or could not be.

    Args:
        departures: Move the files.
        origins: Tell what a file was that came without a manifest.
        surroundings: Whose files they are, and who is told.
    """

    def __init__(self, departures: Departures, origins: Origins, surroundings: Surroundings) -> None:
        self._departures = departures
        self._origins = origins
        self._by = surroundings.app
        self._now = surroundings.now
        self._notice = surroundings.notice

    def taken(self, taking: Taking) -> None:
        """Archive a file of which every row was sent or set aside."""
        summary = taking.summary()
        manifest = self._manifest(taking, summary)
        done = self._departures.archive(taking.claim, manifest, mark=taking.mark)
        self._forget(taking.claim)
        if isinstance(origin := manifest.get(REPLAY_OF), dict):
            self._notice(
                "file.replayed",
                f"{taking.claim.name} was sent again, {counted(summary['sent'], 'row')} of it: it was "
                f"{origin.get('file')}",
            )
        first = taking.rejected.first
        if summary["set_aside"]:
            field, issue = first.issues[0] if first is not None else ("", "")
            of_first = (
                f"; row {first.row}: {f'{field}: ' if field else ''}{issue}" if first is not None else ""
            )
            self._notice(
                "file.rows_set_aside",
                f"{taking.claim.name}: {summary['set_aside']:,} of {counted(summary['rows'], 'row')} set aside, see "
                f"{done['rejected']}{of_first}; the others were sent",
            )

    def duplicate(self, taking: Taking, earlier: str) -> None:
        """Archive a file that was taken before, of which nothing is sent."""
        summary = {"rows": taking.facts.rows or 0, "sent": 0, "set_aside": 0}
        manifest = self._manifest(taking, summary, duplicate_of=earlier)
        self._departures.archive(taking.claim, manifest, mark=taking.mark)
        self._forget(taking.claim)
        self._notice(
            "file.duplicate",
            f"{taking.claim.name} was taken before, it is {earlier}; nothing of it was sent. To send it again: "
            f"crossdock file replay {self._departures.path_of(earlier)}",
        )

    def failed(self, claim: Claim, fault: FileFault, taking: Taking | None) -> None:
        """Set a file aside that cannot be taken, or not to its end."""
        summary = {"rows": 0, "sent": 0, "set_aside": 0} if taking is None else taking.summary()
        facts = {"app": self._by, "rows_sent": summary["sent"], "rows_set_aside": summary["set_aside"]}
        mark = os.urandom(4).hex() if taking is None else taking.mark
        done = self._departures.set_aside(claim, fault, facts, mark=mark)
        self._forget(claim)
        sent = f"; {counted(summary['sent'], 'row')} of it sent before" if summary["sent"] else ""
        self._notice(
            "file.set_aside",
            f"{claim.name} was set aside as {done['to']}/{done['name']}: {fault.issue}{sent}",
        )

    def _manifest(
        self, taking: Taking, summary: dict[str, Any], *, duplicate_of: str | None = None
    ) -> dict[str, Any]:
        """Return what the manifest says in the archive: what it said, and what became of the file."""
        said = _as_it_is(taking.claim) or self._made_up(taking.claim.name, taking.facts)
        taken = {
            "at": self._now().isoformat(),
            "by": self._by,
            "key": taking.key,
            **summary,
            "duplicate_of": duplicate_of,
        }
        return {**said, TAKEN: taken}

    def _made_up(self, name: str, facts: Facts) -> dict[str, Any]:
        """Return what the manifest says of a file that came without one."""
        said: dict[str, Any] = parse(_manifest_for(name, facts).to_bytes().decode())
        return said | self._origins.of(name, size=facts.state.size, written_ns=facts.state.written_ns)

    def _forget(self, claim: Claim) -> None:
        if not claim.pair:
            self._origins.forget(claim.name)


def _as_it_is(claim: Claim) -> dict[str, Any] | None:
    """Return all that the manifest says, also what only its maker understands."""
    if claim.manifest is None:
        return None
    try:
        said = parse(claim.manifest_path.read_text(encoding="utf-8-sig"))
    except ValueError:
        said = parse(claim.manifest.to_bytes().decode())
    return dict(said)


def _manifest_for(name: str, facts: Facts) -> Manifest:
    """Return a manifest for a file that came without one."""
    return Manifest.model_construct(
        filename=shown_name(name),
        created_at=instant(facts.state.written_ns),
        row_count=facts.rows,
        file_size=facts.state.size,
        checksum=facts.checksum,
    )
