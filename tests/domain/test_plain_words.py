"""What Pydantic finds wrong with a value is told in plain words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from crossdock.domain.plain_words import plain_words


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


@pytest.mark.parametrize(
    ("wanted", "given", "words"),
    [
        (Annotated[int, Field(ge=1)], 0, "must be 1 or more"),
        (Annotated[int, Field(le=9)], 10, "must be 9 or less"),
        (Annotated[float, Field(gt=0)], 0, "must be more than 0"),
        (Annotated[float, Field(lt=2)], 2, "must be less than 2"),
        (int, "one", "must be a whole number"),
        (int, 1.5, "must be a whole number"),
        (float, "one", "must be a number"),
        (bool, "one", "must be true or false"),
        (str, 1, "must be text"),
        (list[int], {}, "must be an array"),
        (dict[str, int], [], "must be an object"),
        (Literal["a", "b"], "c", "must be 'a' or 'b'"),
        (Annotated[str, Field(max_length=2)], "abc", "must have at most 2 characters"),
        (Annotated[str, Field(min_length=2)], "a", "must have at least 2 characters"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "must have at most 1 item, not 2"),
        (Annotated[str, Field(pattern="^a$")], "b", "must match '^a$'"),
        (Model, {}, "is missing"),
        (Model, {"name": "a", "nam": 1}, "is no field here"),
    ],
)
def test_it_is_told_in_plain_words(wanted: Any, given: Any, words: str) -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(wanted).validate_python(given)
    assert [plain_words(one["msg"]) for one in error.value.errors()] == [words]


def test_other_sentences_stay() -> None:
    assert plain_words("is not an instant such as 2031-05-17T08:30:00Z") == (
        "is not an instant such as 2031-05-17T08:30:00Z"
    )
    assert plain_words("Value error, say when: either due or when") == "say when: either due or when"
