"""What the hub calls in its own process."""

from typing import Any

import enricher

from crossdock import InvalidMessage, Message

MOST = 100


def validate(message: Message) -> dict[str, Any]:
    """Return the order that a row of a file describes; refuse it with all that is wrong about it."""
    row = message.data
    issues = []
    if not row["customer"]:
        issues.append(("customer", "is missing"))
    if row["item"] not in enricher.GOODS:
        issues.append(("item", f"{row['item']!r} is not sold here"))
    if not row["quantity"].isdecimal() or not 1 <= int(row["quantity"]) <= MOST:
        issues.append(("quantity", f"{row['quantity']!r} is not a number from 1 to {MOST}"))
    if issues:
        raise InvalidMessage("; ".join(f"{field} {issue}" for field, issue in issues), issues)
    return {**row, "quantity": int(row["quantity"])}


def enrich(message: Message) -> dict[str, Any]:
    """Do as the console program does."""
    return enricher.enrich(message.data, "function")
