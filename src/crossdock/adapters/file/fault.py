"""What is wrong with a file, as its ``.error.json`` says it."""

from __future__ import annotations

from typing import Any

from crossdock.domain.errors import CrossdockError


class FileFault(CrossdockError):
    """A file is not what it should be: it is set aside as a whole, and this says why.

    Attributes:
        check: The stable name of what was checked: ``manifest``, ``size``, ``checksum``, ``gzip`` and so on.
        issue: What is wrong, and where.
        expected: What should have been found.
        given: What was found.
        advice: What to do.
    """

    code = "FILE_FAULT"

    def __init__(
        self, check: str, issue: str, *, expected: Any = None, given: Any = None, advice: str = ""
    ) -> None:
        super().__init__(f"{check}: {issue}")
        self.check = check
        self.issue = issue
        self.expected = expected
        self.given = given
        self.advice = advice

    def document(self) -> dict[str, Any]:
        """Return what ``.error.json`` says of it."""
        return {
            "check": self.check,
            "issue": self.issue,
            "expected": self.expected,
            "given": self.given,
            "advice": self.advice,
        }
