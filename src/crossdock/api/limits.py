"""How many requests each caller may make: a bucket of tokens per key, in each process of the API."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from typing import Final, NamedTuple

from crossdock.domain.rules import Rate

_MOST: Final = 10_000
_OF_ONE_SUBSCRIBER: Final = 64
"""So many bits of an IPv6 address are the same for all addresses that one subscriber can choose from."""


class Allowance(NamedTuple):
    """What a caller may still do.

    Attributes:
        granted: Whether this request is within it.
        remaining: So many more may come at once.
        full_in_s: After so many seconds without any it is whole again.
        again_in_s: After so many seconds one more may come.
    """

    granted: bool
    remaining: int
    full_in_s: int
    again_in_s: int


class Limiter:
    """Buckets that fill evenly.

    Args:
        rate: Of each bucket; a whole period's worth may come at once.
        clock: Monotonic seconds.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, name: str) -> Allowance:
        """Take one token out of a bucket, if there is one."""
        now = self._clock()
        step, span = self.rate.interval_s, self.rate.period.total_seconds()
        full_at = max(self._full_at.get(name, now), now)
        granted = full_at - now + step <= span + 1e-9
        if granted:
            full_at += step
            self._full_at[name] = full_at
            self._full_at.move_to_end(name)
            if len(self._full_at) > _MOST:
                self._full_at.popitem(last=False)
        missing_s = full_at - now
        remaining = max(0, int((span - missing_s) / step + 1e-6))
        return Allowance(granted, remaining, ceil(missing_s), max(1, ceil(missing_s + step - span)))

    def headers(self, allowance: Allowance) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
        """Return the headers that tell of it.

        Source: IETF draft-ietf-httpapi-ratelimit-headers-10.
        """
        window_s = max(1, ceil(self.rate.period.total_seconds()))
        return (
            (b"ratelimit-policy", b'"key";q=%d;w=%d' % (self.rate.count, window_s)),
            (b"ratelimit", b'"key";r=%d;t=%d' % (allowance.remaining, allowance.full_in_s)),
        )


def place_of(host: str) -> str:
    """Return what is counted as one place: an IPv4 address, or the /64 of an IPv6 address; other words as they are."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _OF_ONE_SUBSCRIBER), strict=False))
