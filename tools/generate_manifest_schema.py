"""Makes ``docs/reference/manifest.schema.json``, the JSON Schema of the manifests beside exchanged files.

``--check`` writes nothing and fails if the file is not what would be made.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from crossdock.adapters.file.manifest import manifest_schema

FILE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "manifest.schema.json"


def main() -> int:
    """Make or check the file."""
    text = json.dumps(manifest_schema(), indent=2, ensure_ascii=False) + "\n"
    if "--check" in sys.argv[1:]:
        if FILE.exists() and FILE.read_text(encoding="utf-8") == text:
            return 0
        print(
            "docs/reference/manifest.schema.json is not up to date; run: python tools/generate_manifest_schema.py"
        )
        return 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
