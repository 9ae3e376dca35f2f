"""Changes how the hub talks with the enricher: edits one line of crossdock.toml, then has the workers apply it."""

import os
import re
import subprocess
import sys

from place import CONFIG, WORK, program

_LINE = re.compile(r"(?<=^\[apps\.enricher\]\noutbound = ).*$", re.MULTILINE)
_WAY = re.compile(r"^#   (\w+) +(\{.*\})$", re.MULTILINE)


def ways() -> dict[str, str]:
    """Return the ways that the comment in the configuration names, each with what the line says then."""
    return dict(_WAY.findall(CONFIG.read_text(encoding="utf-8")))


def current_way() -> str:
    """Return the way that the line says now."""
    found = _LINE.search(CONFIG.read_text(encoding="utf-8"))
    return next((name for name, value in ways().items() if found and value == found[0]), "another way")


def edit(way: str) -> None:
    """Edit the line; the file is replaced in one step."""
    text = _LINE.sub(lambda _: ways()[way], CONFIG.read_text(encoding="utf-8"))
    part = CONFIG.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(CONFIG)


def begin_reload(output: int | None = None) -> subprocess.Popen[bytes]:
    """Have the workers apply the configuration: ends with code 0 when all have, else says who has not, and why."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")}
    return subprocess.Popen([program("crossdock"), "reload"], cwd=WORK, env=kept, stdout=output)  # noqa: S603 - our own command


def main() -> int:
    """Change to the way that is given."""
    if not CONFIG.exists():
        sys.stderr.write("Start the warehouse first: make run\n")
        return 1
    if len(sys.argv) != 2 or sys.argv[1] not in ways():  # noqa: PLR2004 - the program, and the way
        sys.stderr.write(f"Say by which way: {', '.join(ways())}. Now it is {current_way()}.\n")
        return 2
    edit(sys.argv[1])
    return begin_reload().wait()


if __name__ == "__main__":
    sys.exit(main())
