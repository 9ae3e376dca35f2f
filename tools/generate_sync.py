"""Makes the synchronous queue and delivery from the asynchronous ones: ``await`` and ``async`` are left out.

``--check`` writes nothing and fails if a file is not what would be made.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "crossdock"
FILES = {"async_delivery.py": "delivery.py", "async_queue.py": "queue.py"}
BANNER = "# Made from {source} by tools/generate_sync.py. Do not edit.\n"
REPLACEMENTS = (
    (r"\bawait ", ""),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"AsyncGenerator\[([^\]]+), None\]", r"Generator[\1]"),
    (r"\bAsyncGenerator\b", "Generator"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\bAsyncQueue\b", "Queue"),
    (r"\bAsyncDelivery\b", "Delivery"),
    (r"\basync_delivery\b", "delivery"),
    (r"\b(write|read|wait)_async\b", r"\1"),
    (r"__a(enter|exit)__", r"__\1__"),
    (r", in the words of asyncio\. ``queue\.py`` is made from this file\.", "."),
    (r", in the words of asyncio\.", "."),
)


def main() -> int:
    """Make or check every file."""
    check = "--check" in sys.argv[1:]
    stale = [target for source, target in FILES.items() if not _make(source, target, check=check)]
    for target in stale:
        print(f"src/crossdock/{target} is not up to date; run: python tools/generate_sync.py")
    return 1 if stale else 0


def _make(source: str, target: str, *, check: bool) -> bool:
    text = (SOURCE / source).read_text(encoding="utf-8")
    for pattern, replacement in REPLACEMENTS:
        text = re.sub(pattern, replacement, text)
    text = _formatted(BANNER.format(source=source) + text)
    path = SOURCE / target
    if check:
        return path.exists() and path.read_text(encoding="utf-8") == text
    path.write_text(text, encoding="utf-8")
    return True


def _formatted(text: str) -> str:
    """Let the formatter arrange what has become shorter."""
    command = [sys.executable, "-m", "ruff"]
    for arguments in (["check", "--fix-only", "--select", "I", "-"], ["format", "-"]):
        done = subprocess.run([*command, *arguments, "--quiet"], input=text, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
        text = done.stdout
    return text


if __name__ == "__main__":
    sys.exit(main())
