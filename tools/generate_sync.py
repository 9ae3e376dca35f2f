"""Makes the synchronous queue and delivery from the asynchronous ones: ``await`` and ``async`` are left out.

``--check`` writes nothing and fails if a file is not what would be made.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "crossdock"
FILES = sorted(path.name for path in (SOURCE / "asynchronous").glob("*.py"))
BANNER = "# Made from ../asynchronous/{name} by tools/generate_sync.py. Do not edit.\n"
REPLACEMENTS = (
    (r"\bawait ", ""),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"AsyncGenerator\[([^\]]+), None\]", r"Generator[\1]"),
    (r"\bAsyncGenerator\b", "Generator"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\bAsync(Queue|Delivery|Calling|Sending|Working|Scheduling|Looking|Controlling)\b", r"\1"),
    (
        r"The queue for asyncio, written by hand; .*\.",
        "The queue for threads, made from ``crossdock.asynchronous``.",
    ),
    (r"\bcrossdock\.asynchronous\.", "crossdock.synchronous."),
    (r"\b(write|read|wait)_async\b", r"\1"),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"__a(enter|exit)__", r"__\1__"),
    (r", in the words of asyncio\.", "."),
)


def main() -> int:
    """Make or check every file."""
    check = "--check" in sys.argv[1:]
    stale = [name for name in FILES if not _make(name, check=check)]
    for name in stale:
        print(f"src/crossdock/synchronous/{name} is not up to date; run: python tools/generate_sync.py")
    return 1 if stale else 0


def _make(name: str, *, check: bool) -> bool:
    text = (SOURCE / "asynchronous" / name).read_text(encoding="utf-8")
    for pattern, replacement in REPLACEMENTS:
        text = re.sub(pattern, replacement, text)
    text = _formatted(BANNER.format(name=name) + text, name)
    path = SOURCE / "synchronous" / name
    if check:
        return path.exists() and path.read_text(encoding="utf-8") == text
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def _formatted(text: str, name: str) -> str:
    """Let the formatter arrange what has become shorter."""
    command = [sys.executable, "-m", "ruff"]
    place = ["--stdin-filename", str(SOURCE / "synchronous" / name), "--quiet", "-"]
    for arguments in (["check", "--fix-only", "--select", "I,F401"], ["format"]):
        text = subprocess.run(  # noqa: S603 - our own words
            [*command, *arguments, *place], input=text, capture_output=True, text=True, check=True
        ).stdout
    return text


if __name__ == "__main__":
    sys.exit(main())
