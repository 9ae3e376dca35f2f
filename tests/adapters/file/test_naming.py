from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock import InvalidMessage
from crossdock.adapters.file.naming import (
    EXTS,
    FileName,
    check_name,
    hidden,
    is_data,
    manifest_of,
    parse_name,
    stem_of,
)

NAMES = st.builds(
    FileName,
    app=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}", fullmatch=True),
    type=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,30}", fullmatch=True),
    date=st.dates(min_value=date(1000, 1, 1)),
    sequence=st.integers(1, 10**7),
    ext=st.sampled_from(EXTS),
)


@pytest.mark.parametrize(
    ("text", "app", "kind", "sequence", "ext"),
    [
        ("validator_report_2025-11-24_001.json", "validator", "report", 1, "json"),
        ("enricher_final_2025-11-24_001.csv.gz", "enricher", "final", 1, "csv.gz"),
        ("a_b.c_final_2025-11-24_1000.jsonl", "a_b.c", "final", 1000, "jsonl"),
    ],
)
def test_name_of_our_form_is_told_apart(text: str, app: str, kind: str, sequence: int, ext: str) -> None:
    found = parse_name(text)
    assert found is not None
    assert (found.app, found.type, found.date, found.sequence, found.ext) == (
        app, kind, date(2025, 11, 24), sequence, ext,
    )  # fmt: skip
    assert str(found) == text


@given(NAMES)
def test_what_is_built_is_parsed_again(name: FileName) -> None:
    assert parse_name(str(name)) == name
    assert check_name(str(name)) == str(name)
    assert is_data(str(name))
    assert stem_of(str(name)) == name.stem


@pytest.mark.parametrize(
    "text",
    [
        "orders.csv",
        "validator_report_2025-02-30_001.json",
        "validator_report_2025-11-24_000.json",
        "validator_report_2025-11-24_0001.json",
        "validator_report_2025-11-24_01.json",
        "validator_report_2025-11-24_001.xml",
        "validator_2025-11-24_001.json",
        ".validator_report_2025-11-24_001.json",
        "validator_report_2025-11-24_001.json\n",
        "validator_report_2025-11-24_\u0660\u0660\u0661.json",
    ],
)
def test_other_names_are_a_strangers(text: str) -> None:
    assert parse_name(text) is None


@given(st.text())
def test_any_text_is_parsed_or_a_strangers(text: str) -> None:
    found = parse_name(text)
    assert found is None or str(found) == text


@pytest.mark.parametrize("name", ["sales_001.csv", "sales_001.csv.gz", "sales_001.json", "sales_001.txt"])
def test_files_of_one_stem_share_the_name_of_their_manifest(name: str) -> None:
    assert manifest_of(name) == "sales_001.meta.json"


@pytest.mark.parametrize("name", ["a.meta.json", "a.error.json", ".a.csv", hidden("a.csv"), ""])
def test_manifests_reports_and_hidden_files_are_never_data(name: str) -> None:
    assert not is_data(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a.csv", "a/b.csv", "a\\b.csv", ".a.csv", "a\nb.csv", "a\0.csv", "x" * 201]
)
def test_name_that_could_leave_its_folder_is_refused(name: str) -> None:
    with pytest.raises(InvalidMessage, match="filename"):
        check_name(name)
