"""What holds of every plan."""

from __future__ import annotations

from datetime import datetime

from task_priority.fit.plan import Plan
from task_priority.settings import Settings


def check_no_overlap(plan: Plan, *, now: datetime, settings: Settings) -> None:
    """No piece of work is in the past, in a busy minute with its buffers, or at the time of another."""
    last = None
    for start, end in sorted((piece.start, piece.end) for one in plan.placed for piece in one.pieces):
        assert now <= start < end <= plan.end
        assert last is None or last <= start
        assert not [
            one
            for one in plan.busy
            if one.start < end + settings.buffer and one.end > start - settings.buffer
        ]
        last = end


def check_sums(plan: Plan) -> None:
    """Every score is the sum of its terms, each of which has its evidence; the highest comes first."""
    scores = [one.score for one in plan.ranked]
    assert scores == [sum(term.points for term in one.terms) for one in plan.ranked]
    assert scores == sorted(scores, reverse=True)
    assert all(term.evidence for one in plan.ranked for term in one.terms)
