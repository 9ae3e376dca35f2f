"""What is wrong with a value, in plain words: the sentences of Pydantic, which checks what comes in, are its own."""

from __future__ import annotations

import re
from typing import Final

_SENTENCES: Final = (
    (r"Input should be greater than or equal to (.+)", r"must be \1 or more"),
    (r"Input should be less than or equal to (.+)", r"must be \1 or less"),
    (r"Input should be greater than (.+)", r"must be more than \1"),
    (r"Input should be (?:a valid integer|an integer).*", "must be a whole number"),
    (r"Input should be a valid number.*", "must be a number"),
    (r"Input should be a (?:valid boolean|boolean).*", "must be true or false"),
    (r"Input should be a valid string.*", "must be text"),
    (r"Input should be a valid list", "must be an array"),
    (r"Input should be (?:a valid dictionary|an object).*", "must be an object"),
    (r"Input should be a valid (.+)", r"must be a \1"),
    (r"Input should (?:be )?(.+)", r"must be \1"),
    (r"Field required", "is missing"),
    (r"Extra inputs are not permitted", "is no field here"),
    (r"String should match pattern (.+)", r"must match \1"),
    (r"(?:String|Value) should have (at (?:most|least) \d+ .+)", r"must have \1"),
    (r"(?:List|Dictionary|Data) should have (at (?:most|least) \d+ items?) after validation, not (\d+)",
     r"must have \1, not \2"),
    (r"Value error, (.+)", r"\1"),
)  # fmt: skip


def plain_words(sentence: str) -> str:
    """Return what a sentence of Pydantic says in plain words; any other sentence as it is."""
    for pattern, words in _SENTENCES:
        if found := re.fullmatch(pattern, sentence, re.DOTALL):
            return found.expand(words)
    return sentence
