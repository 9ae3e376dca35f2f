"""What the server answers, whichever way it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Answer(NamedTuple):
    """One answer.

    Attributes:
        headers: By names in lower case.
        body: Of an answer that goes on: nothing.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether what was asked was done."""
        return 200 <= self.status < 300  # noqa: PLR2004 - of HTTP

    @property
    def is_redirect(self) -> bool:
        """Whether it is somewhere else."""
        return 300 <= self.status < 400  # noqa: PLR2004 - of HTTP
