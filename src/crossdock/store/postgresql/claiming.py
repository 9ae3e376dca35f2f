"""The verb *claim* on PostgreSQL, where each statement is an exchange with the server: in one, where that is enough."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from crossdock.store.claiming import Claiming, in_order
from crossdock.store.postgresql.statements import claim_at_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.domain.delivery import Claimed, ClaimRequest, Undecodable


class PostgreSQLClaiming(Claiming):
    """Leases messages to a worker."""

    def claim(self, request: ClaimRequest) -> Sequence[Claimed | Undecodable]:
        """Lease the first messages of an app's queue; step by step only where something is to be seen to before."""
        known = self.limits
        if request.app in known.limited or request.app in known.failing:
            return super().claim(request)
        token = uuid.uuid4().hex
        parameters = {**self._how_many(request), **self._terms(request, token)}
        rows = self.run(claim_at_once, parameters, kept=request.kept, sized=request.max_bytes is not None)
        row_id, *_, is_clear = rows[0]
        if row_id is not None:
            return self._fetched(in_order(rows), request, token)
        return [] if is_clear else super().claim(request)
