"""The roles that a nursery can fork, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.crash import (
    archive_roles,
    consumers,
    dump,
    lease_roles,
    load_roles,
    outage_roles,
    producers,
    road_roles,
    snapshot,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ROLES: Final[dict[str, Callable[..., Any]]] = {
    function.__name__: function
    for function in (
        snapshot.prepare,
        snapshot.sabotage,
        snapshot.take,
        snapshot.wait_until_empty,
        dump.dump,
        producers.produce,
        consumers.consume,
        consumers.consume_one,
        consumers.claim,
        consumers.keep_ledger,
        lease_roles.send,
        lease_roles.hold_then_settle,
        lease_roles.take_over,
        lease_roles.block,
        lease_roles.work,
        lease_roles.work_among_poison,
        lease_roles.fork_while_open,
        load_roles.send_ids,
        load_roles.send_fast,
        load_roles.juggle_large,
        load_roles.read_outside,
        load_roles.back_up,
        load_roles.fill,
        outage_roles.send_stubbornly,
        archive_roles.finish_messages,
        archive_roles.move_messages,
        archive_roles.finish_files,
        archive_roles.tell_places,
        road_roles.work_by_configuration,
        road_roles.serve_by_configuration,
        road_roles.take_by_number,
    )
}
