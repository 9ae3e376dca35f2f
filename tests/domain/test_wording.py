from __future__ import annotations

import pytest

from crossdock.domain.wording import counted, did_you_mean, nearest, ordinal, without_numbers


def test_one_thing_has_no_s() -> None:
    assert [counted(number, "row") for number in (0, 1, 2, 2000)] == [
        "0 rows",
        "1 row",
        "2 rows",
        "2,000 rows",
    ]


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st"),
     (111, "111th"), (1002, "1,002nd")],
)  # fmt: skip
def test_a_place_ends_as_it_is_spoken(number: int, word: str) -> None:
    assert ordinal(number) == word


@pytest.mark.parametrize(
    ("given", "meant"),
    [("validatr", "validator"), ("VALIDATOR", "validator"), ("europe/pris", "Europe/Paris"), ("zebra", None)],
)
def test_the_nearest_name_is_found_in_letters_of_either_case(given: str, meant: str | None) -> None:
    assert nearest(given, ["exporter", "validator", "Europe/Paris"]) == meant


def test_the_name_that_was_meant_is_asked_for() -> None:
    assert did_you_mean("validatr", {"validator", "exporter"}) == "; did you mean validator?"
    assert not did_you_mean("validatr", [])


def test_what_differs_in_numbers_alone_is_the_same_without_them() -> None:
    assert (
        without_numbers("12 MiB are free, of 4096")
        == without_numbers("9 MiB are free, of 128")
        == " MiB are free, of "
    )
