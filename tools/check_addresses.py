"""Fails when a file of the repository names a package registry's host or a path of somebody's machine.

Such an address works in one place and breaks everywhere else; a fresh clone must need neither. Files that Git
ignores are left out, files not yet added are not.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

HOSTS = (r"pypi\.org", r"pythonhosted\.org", r"npmjs\.(org|com)", r"crates\.io", r"debian\.org/debian")
FOLDERS = ("work", "home", "root", "Users", "opt/pypi")

FORBIDDEN = {
    "names a package registry's host": re.compile(rf"\b({'|'.join(HOSTS)})\b"),
    "names a download address": re.compile(r"https?://[^\s\"]*(/simple\b|\.whl\b|\.tgz\b)"),
    "names a path of one machine": re.compile(rf"(?<![\w.~/-])/({'|'.join(FOLDERS)})/"),
}


def main() -> int:
    """Print what was found; the number of findings decides the exit code."""
    findings = [finding for path in files() for finding in search(path)]
    print("\n".join(findings) or "addresses: none of a registry or of one machine")
    return bool(findings)


def files() -> list[Path]:
    """List what Git tracks or would add."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 (Git as the user has it)
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (ROOT / name for name in sorted(set(listing.stdout.split("\0"))) if name)
    return [path for path in paths if path.is_file()]


def search(path: Path) -> Iterator[str]:
    """Yield one line per finding, as ``file:line: what``."""
    text = path.read_bytes().decode(errors="replace")
    patterns = FORBIDDEN | {"names this checkout's path": re.compile(re.escape(str(ROOT)) + r"\b")}
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in patterns.items():
            if found := pattern.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: {what}: {found.group()}"


if __name__ == "__main__":
    sys.exit(main())
