"""The one message that every contender carries, so that all of them move the same bytes."""

from __future__ import annotations

from typing import Any, TypeAlias

Payload: TypeAlias = dict[str, Any]


def order(number: int) -> Payload:
    """Make the data of message ``number``: about 130 bytes of JSON, as an order of a small shop would be."""
    return {
        "order": number,
        "customer": f"customer-{number % 97}",
        "lines": [{"sku": "A-100", "count": 2}, {"sku": "B-200", "count": 1}],
        "paid": True,
    }
