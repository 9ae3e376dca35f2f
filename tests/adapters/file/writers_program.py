"""Writes many files as one of several processes of an app: ``FOLDER PREFIX COUNT SETTINGS``."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.adapters.file.case import NOW, Table, adapter, deliver


async def main() -> None:
    folder, prefix, count, settings = sys.argv[1:]
    ids = [f"{prefix}{number}" for number in range(int(count))]
    table = Table(Path(folder) / f"{prefix}.json")
    table.send({key: {"id": key, "text": key * 1000} for key in ids})
    to = adapter(
        Path(folder), now=lambda: datetime.combine(NOW, datetime.now(UTC).timetz()), **json.loads(settings)
    )
    await to.connect()
    for key in ids:
        await deliver(to, table, [key])
    await to.close()


if __name__ == "__main__":
    asyncio.run(main())
