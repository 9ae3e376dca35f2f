"""``crossdock key``: keys are made, shown once, listed, revoked and replaced."""

from __future__ import annotations

from tests.cli.command import Shell


def test_a_key_is_printed_once_alone_on_standard_output(shell: Shell) -> None:
    made = shell.good(
        "key", "create", "shop", "--scope", "messages:send", "--app", "shop", "--expires", "90d"
    )
    text = made.out.strip()
    assert text.startswith("cdk_")
    assert text not in made.err
    (held,) = shell.good("key", "list", "--json").json
    assert (held["name"], held["app"], held["scopes"]) == ("shop", "shop", ["messages:send"])
    assert "digest" not in held
    assert text.split("_", 2)[2] not in shell.good("key", "list").out


def test_a_wrong_scope_names_the_right_ones(shell: Shell) -> None:
    wrong = shell("key", "create", "shop", "--scope", "messages:sent")
    assert wrong.code == 2
    assert "messages:send" in wrong.err
    assert shell("key", "create", "shop").code == 2


def test_a_key_is_rotated_and_revoked(shell: Shell) -> None:
    old = shell.good("key", "create", "shop", "--scope", "all", "--json").json
    new = shell.good("key", "rotate", old["id"], "--overlap", "1h", "--json").json
    assert new["key"].startswith("cdk_")
    assert shell.good("key", "list", "--json").json[0]["expires_at"] is not None
    shell.good("key", "revoke", new["id"])
    assert "revoked" in shell.good("key", "list").out
    assert shell("key", "revoke", "000000000000").code == 5
