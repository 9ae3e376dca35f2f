"""Makes the synchronous queue and client from the asynchronous ones: ``await`` and ``async`` are left out.

``--check`` writes nothing and fails if a file is not what would be made.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "crossdock"
FILES = sorted(
    path for place in (SOURCE, SOURCE / "client") for path in (place / "asynchronous").glob("*.py")
)
BANNER = "# Made from ../asynchronous/{name} by tools/generate_sync.py. Do not edit.\n"
REPLACEMENTS = (
    (r"\bawait ", ""),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"AsyncGenerator\[([^\]]+), None\]", r"Generator[\1]"),
    (r"\bAsyncGenerator\b", "Generator"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (
        r"\bAsync(Client|ClientDelivery|Queue|Delivery|Calling|Sending|Working|Scheduling|Looking|Controlling)\b",
        r"\1",
    ),
    (r"\bAwaitable\[(.*?)\](?=\]\)|\])", r"\1"),
    (r"\bAwaitable, ", ""),
    (
        r"The (queue|client) for asyncio, written by hand; .*\.",
        r"The \1 for threads, made from the one for asyncio.",
    ),
    (r"\bcrossdock\.(client\.)?asynchronous\.", r"crossdock.\1synchronous."),
    (r"\bcrossdock\.client\.tasks\b", "crossdock.client.threads"),
    (r"\b(write|read|wait)_async\b", r"\1"),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"(?m)^import asyncio$", "import time"),
    (r"__a(enter|exit)__", r"__\1__"),
    (r", in the words of asyncio\.", "."),
)


def main() -> int:
    """Make or check every file."""
    check = "--check" in sys.argv[1:]
    stale = [path for path in FILES if not _make(path, check=check)]
    for path in stale:
        made = _made_of(path).relative_to(SOURCE.parent.parent)
        print(f"{made} is not up to date; run: python tools/generate_sync.py")
    return 1 if stale else 0


def _made_of(path: Path) -> Path:
    return path.parent.parent / "synchronous" / path.name


def _make(source: Path, *, check: bool) -> bool:
    path = _made_of(source)
    text = source.read_text(encoding="utf-8")
    for pattern, replacement in REPLACEMENTS:
        text = re.sub(pattern, replacement, text)
    text = _formatted(BANNER.format(name=source.name) + text, path)
    if check:
        return path.exists() and path.read_text(encoding="utf-8") == text
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def _formatted(text: str, path: Path) -> str:
    """Let the formatter arrange what has become shorter."""
    command = [sys.executable, "-m", "ruff"]
    place = ["--stdin-filename", str(path), "--quiet", "-"]
    for arguments in (["check", "--fix-only", "--select", "I,F401"], ["format"]):
        text = subprocess.run(  # noqa: S603 - our own words
            [*command, *arguments, *place], input=text, capture_output=True, text=True, check=True
        ).stdout
    return text


if __name__ == "__main__":
    sys.exit(main())
