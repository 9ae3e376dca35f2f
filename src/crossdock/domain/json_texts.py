"""Data that is JSON text already: an adapter that reads many rows encodes them as it reads, and nobody does again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

from crossdock.domain.message import encode_json

_quoted: Final = json.encoder.encode_basestring
"""What ``encode_json`` writes text with."""


class JsonTexts(list[str]):
    """The data of new messages, each as the very text that ``encode_json`` makes of it."""


def encode_records(names: Sequence[str], records: Iterable[Sequence[str]]) -> JsonTexts:
    """Encode records of text as objects, without making the objects.

    Args:
        names: Of the fields, no two alike.
        records: Each has a text for each name. They are taken one after the other: none is kept.

    Raises:
        ValueError: A record has more texts or fewer.
    """
    form = "{" + ",".join(f"{_quoted(name).replace('%', '%%')}:%s" for name in names) + "}"
    try:
        texts = JsonTexts([form % tuple(map(_quoted, record)) for record in records])
    except TypeError as error:
        raise ValueError("a record has not as many texts as there are names") from error
    if not all(map(str.isascii, texts)):
        # Some characters are escaped if they stand with letters that are not ASCII: that is decided in one place.
        texts[:] = [text if text.isascii() else encode_json(json.loads(text), field="data") for text in texts]
    return texts
