"""The address of the calendar feed, and the secret of webhooks."""

from __future__ import annotations

import json
import stat

from tests.task_priority.cli.conftest import Owner


def test_the_address_stays_until_it_is_reset(owner: Owner) -> None:
    first = owner.good("feed").out
    assert first.startswith("http://127.0.0.1:8765/api/v1/plan/")
    assert first.endswith(".ics\n")
    assert owner.good("feed").out == first
    reset = owner.good("feed", "--reset")
    assert reset.out != first
    assert "shut out" in reset.err
    assert owner.good("feed").out == reset.out
    (file,) = (owner.home / "credentials").glob("plan-feed*")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_address_is_where_the_api_is(owner: Owner) -> None:
    owner.good("feed")
    configuration = owner.home / "crossdock.toml"
    configuration.write_text(configuration.read_text().replace("# port = 8765", 'host = "::1"\nport = 9000'))
    assert owner.good("feed").out.startswith("http://[::1]:9000/api/v1/plan/")


def test_the_secret_of_webhooks_is_kept_and_not_shown(owner: Owner) -> None:
    result = owner.good("connect", "todoist-webhook", stdin="of the app\n")
    assert result.out == "http://127.0.0.1:8765/api/v1/exporters/todoist/webhook\n"
    assert "of the app" not in result.err
    kept = json.loads((owner.home / "credentials" / "todoist-webhook.json").read_text())
    assert kept == {"secret": "of the app"}
    assert owner("connect", "todoist-webhook", stdin="\n").code == 2
