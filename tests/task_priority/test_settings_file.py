from __future__ import annotations

import re
import tomllib
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crossdock import ConfigError
from task_priority.settings import FocusBlock, Hours, Settings
from task_priority.settings_file import read, template
from task_priority.settings_table import SettingsTable
from tests.task_priority.cases import OSLO

CHANGED = """\
zone = "America/New_York"

[hours]
monday = ["22:00-24:00"]
sunday = ["10:00-11:00", "12:00-13:30"]

[[focus]]
days = ["monday", "friday"]
hours = "08:00-10:00"
labels = ["deep"]

[plan]
horizon = "14d"
buffer = "0m"
default_duration = "45m"
shortest_piece = "20m"
split = false

[labels]
whole = ["In-One"]
waiting = ["w"]
someday = []
blocked = ["stuck"]
important = ["big"]

[eisenhower]
important_from = "p1"
urgent_within = "12h"

[weights]
overdue = 1
due = 2
slack = 3
priority = { p1 = 5 }
age = 4
quick = -5
blocked = -6
waiting = -7
someday = -8
labels = { errand = 9 }
projects = { "Big house" = -9 }

[busy]
declined = true
transparent = true
tentative = false
unanswered = false
all_day = true
out_of_office = false
focus_time = true
working_location = true
birthday = true
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_a_file_that_is_not_there_says_nothing(file: Path) -> None:
    read_settings = read(file, OSLO)
    assert read_settings.zone == OSLO
    assert {day: hours for day, hours in read_settings.working_hours.items() if hours} == dict(
        Settings().working_hours
    )
    for name in set(Settings.__slots__) - {"zone", "working_hours"}:
        assert getattr(read_settings, name) == getattr(Settings(), name), name


def test_every_figure_can_be_changed(file: Path) -> None:
    file.write_text(CHANGED, encoding="utf-8")
    settings = read(file, OSLO)
    for name in Settings.__slots__:
        assert getattr(settings, name) != getattr(Settings(), name), name
    for part in ("weights", "busy"):
        for name in type(getattr(settings, part)).__slots__:
            assert getattr(getattr(settings, part), name) != getattr(getattr(Settings(), part), name), name


def test_hours_focus_and_labels_are_read_as_they_are_meant(file: Path) -> None:
    file.write_text(CHANGED, encoding="utf-8")
    settings = read(file, OSLO)
    assert settings.zone == ZoneInfo("America/New_York")
    assert settings.working_hours[0] == (Hours(time(22), time(0)),)
    deep = frozenset({"deep"})
    assert settings.focus == tuple(FocusBlock(day, Hours(time(8), time(10)), deep) for day in (0, 4))
    assert settings.whole_labels == {"in-one"}
    assert dict(settings.weights.priority) == {4: 5, 3: 18, 2: 8, 1: 0}
    assert settings.urgent_within == timedelta(hours=12)


def test_the_file_that_is_written_first_changes_nothing(file: Path) -> None:
    file.write_text(template(), encoding="utf-8")
    assert read(file, OSLO) == read(file.with_name("none.toml"), OSLO)


def test_the_file_that_is_written_first_has_every_key_with_its_default() -> None:
    shown = re.sub(r"^# (?=[a-z_0-9]+ = )", "", template(), flags=re.MULTILINE)
    without_focus = re.sub(r"# \[\[focus\]\].*\ndays.*\nhours.*\nlabels.*\n", "", shown)
    assert SettingsTable.model_validate(tomllib.loads(without_focus)) == SettingsTable(zone="Europe/Oslo")


def test_everything_that_is_wrong_is_told_at_once(file: Path) -> None:
    file.write_text(
        '[weigths]\n[weights]\noverdue = "much"\n[hours]\nmondy = []\nmonday = ["9-10", "12:00-09:00"]\n'
        '[plan]\nhorizon = "0m"\n[eisenhower]\nimportant_from = 3\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        read(file, OSLO)
    hours = 'expected a part of a day such as "09:00-12:30", its end after its start, "24:00" at most'
    assert sorted(str(caught.value).splitlines()) == sorted(
        [
            f"{file}: weigths: unknown key; did you mean weights?",
            f'{file}: weights.overdue: expected a whole number from -1000 to 1000, given "much"',
            f"{file}: hours.mondy: unknown key; did you mean monday?",
            f'{file}: hours.monday.0: {hours}, given "9-10"',
            f'{file}: hours.monday.1: {hours}, given "12:00-09:00"',
            f'{file}: plan.horizon: expected a duration of more than 0, such as "30m", "1h30m" or "7d", given "0m"',
            f'{file}: eisenhower.important_from: expected "p1", "p2", "p3" or "p4", given 3',
        ]
    )


@pytest.mark.parametrize("zone", ["Europe/Olso", "../etc/passwd", "", "Europe"])
def test_a_zone_that_does_not_exist_is_refused(file: Path, zone: str) -> None:
    file.write_text(f'zone = "{zone}"', encoding="utf-8")
    with pytest.raises(ConfigError, match="zone: expected a time zone of the IANA database"):
        read(file, OSLO)


def test_what_is_no_toml_is_told_with_its_line(file: Path) -> None:
    file.write_text("[weights]\noverdue = \n", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 2"):
        read(file, OSLO)
