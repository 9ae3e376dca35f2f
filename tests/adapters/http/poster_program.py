"""A program of others that posts webhooks, in a process of its own, and posts again what was not answered with 2xx.

Each line of its standard input names a folder. In it are ``port`` and ``secret``, in ``given`` what is to be posted, a
line each, and in ``stored`` the numbers of what was answered. It ends with its standard input. It signs by the words of
Standard Webhooks alone, and knows nothing of Crossdock.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

PAUSE_S = 0.05
"""Until it posts again, or looks for more."""
PATIENCE_S = 30.0


def post_all(folder: Path) -> None:
    """Post what is given, one after the other, until the folder is gone."""
    port, secret = (folder / "port").read_text(), (folder / "secret").read_text()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    with suppress(FileNotFoundError), (folder / "stored").open("a") as stored:
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=PATIENCE_S)
        for data in given(folder / "given"):
            while not is_stored(connection, data, key):
                time.sleep(PAUSE_S)
                (folder / "given").stat()  # or nobody waits for it any more
            stored.write(f"{data['n']}\n")
            stored.flush()


def given(file: Path) -> Iterator[dict[str, str]]:
    """Give each line that is whole."""
    with file.open() as lines:
        text = ""
        while True:
            text += lines.readline()
            if text.endswith("\n"):
                yield json.loads(text)
                text = ""
            else:
                time.sleep(PAUSE_S)
                file.stat()


def is_stored(connection: http.client.HTTPConnection, data: dict[str, str], key: bytes) -> bool:
    """Post one; tell whether it was answered, and with 2xx."""
    id, at = f"n-{data['n']}", str(int(time.time()))
    event = {"specversion": "1.0", "id": id, "source": "giver", "type": "given", "data": data}
    body = json.dumps({**event, "partitionkey": data["key"]}).encode()
    signature = hmac.digest(key, f"{id}.{at}.".encode() + body, hashlib.sha256)
    headers = {
        "webhook-id": id,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
        "Content-Type": "application/cloudevents+json",
    }
    try:
        connection.request("POST", "/api/v1/webhooks/in", body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return False
    return 200 <= answer.status < 300


def main(lines: Any) -> None:
    """Post what is in each folder that is named."""
    for line in lines:
        threading.Thread(target=post_all, args=(Path(line.rstrip("\n")),), daemon=True).start()


if __name__ == "__main__":
    main(sys.stdin)
