"""Handlers that run in processes of their own; children import them from here."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from crossdock import InvalidMessage, Message, RateLimited


def tell_process(message: Message) -> dict[str, Any]:
    return {"pid": os.getpid(), "n": message.data}


def obey(message: Message) -> Any:
    """Do what the message says."""
    match message.data:
        case {"do": "exit"}:
            sys.exit(3)
        case {"do": "die"}:
            os._exit(3)
        case {"do": "kill"}:
            os.kill(os.getpid(), signal.SIGKILL)
        case {"do": "sleep"}:
            time.sleep(60)
        case {"do": "rate" | "panic" as what}:
            raise RateLimited("slowly") if what == "rate" else Panic("out of bounds")
        case {"do": "invalid"}:
            raise InvalidMessage.of("total", "is negative")
        case {"do": "strange"}:
            raise StrangeError(1, 2)
        case {"do": "unpicklable"}:
            return {"it": lambda: None}
        case {"do": "tell", "file": name}:
            Path(name).write_text(str(os.getpid()), encoding="utf-8")
            time.sleep(60)
        case _:
            pass
    return None


class Panic(BaseException):
    """As libraries written in Rust raise it."""


class StrangeError(Exception):
    """Cannot be made anew of its arguments in another process."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")
