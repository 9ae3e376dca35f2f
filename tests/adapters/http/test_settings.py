"""What can be seen to be wrong with the settings of a webhook is told by ``crossdock check``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crossdock.adapters.http import making
from crossdock.adapters.http.settings import HttpOutbound
from crossdock.adapters.http.target import target_of
from crossdock.config import load
from crossdock.domain.errors import ConfigError
from tests.adapters.http.case import around

HOOK = "https://warehouse.example/hooks/orders"


def problem(folder: Path, table: str) -> str:
    file = folder / "crossdock.toml"
    file.write_text(f"[apps.app]\noutbound = {table}\n")
    with pytest.raises(ConfigError) as caught:
        load(file, environ={})
    return str(caught.value).replace(str(file), "crossdock.toml")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://warehouse.example/", "begins with ftp:, and webhooks are posted by https:// or http://"),
        ("//warehouse.example/", "begins with no:"),
        ("file:///etc/passwd", "begins with file:"),
        ("https://user@warehouse.example/", "has a user or a password in it"),
        ("https://user:s3cr3t@warehouse.example/", "has a user or a password in it"),
        ("https://1.1.1.1@127.0.0.1/", "has a user or a password in it"),
        ("https://warehouse.example/#part", "has a fragment"),
        ("https:///hooks", "names no host"),
        ("https://warehouse.example:0/", "has port 0"),
        ("https://warehouse.example:25/", "has port 25, at which another protocol than HTTP is spoken"),
        ("https://warehouse.example:99999/", "cannot be read: Port out of range"),
        ("https://warehouse.example:x/", "cannot be read: Port could not be cast"),
        ("https://ware house.example/", "has ' ', which no URL has"),
        ("https://warehouse.example/a\\\\..\\\\b", r"has '\\', which no URL has"),
        ("https://warehouse.example/\\r\\nX-Evil: 1", r"has '\r', which no URL has"),
        ("https://wärehouse.example/", "write it as %XX, and a name as xn--"),
        ("https://2130706433/", "names a host '2130706433', which is no address"),
        ("https://0x7f.1/", "which is no address"),
        ("https://127.1/", "which is no address"),
        ("https://0177.0.0.1/", "which is no address"),
        ("https://[fe80::1%25eth0]/", "which is no address"),
        ("https://[::1/", "cannot be read"),
        ("https://-a.example/", "which is no name"),
        ("https://a..example/", "which is no name"),
    ],
)
def test_odd_url_is_refused(tmp_path: Path, url: str, words: str) -> None:
    text = problem(tmp_path, f'{{ http = "{url}" }}')
    assert text.startswith("crossdock.toml: apps.app.outbound.http: the URL ")
    assert words in text
    assert "s3cr3t" not in text


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('{ http = "https://10.1.2.3/" }', 'reached only if allow names it: allow = ["10.1.2.3"]'),
        ('{ http = "https://[::ffff:7f00:1]/" }', "loopback (it stands for 127.0.0.1)"),
        ('{ http = "https://localhost/" }', "localhost is loopback"),
        ('{ http = "https://a.localhost./" }', "a.localhost. is loopback"),
        ('{ http = "http://warehouse.example/" }', "without TLS only what allow names is reached; write https"),
        ('{ http = "http://1.1.1.1/", allow = ["9.9.9.9"] }', "without TLS only what allow names is reached"),
        ('{ http = "http://127.0.0.1/", allow = ["127.0.0.1"], ca = "a.pem" }', "ca: without effect with http://"),
        (f'{{ http = "{HOOK}", verify = false }}', "apps.app.outbound.verify: unknown key"),
        (f'{{ http = "{HOOK}", allow = ["10.0.0.1/8"] }}', "'10.0.0.1/8' is no network; did you mean 10.0.0.0/8?"),
        (f'{{ http = "{HOOK}", allow = ["http://a"] }}', "'http://a' is no address, no network and no name"),
        (f'{{ http = "{HOOK}", read = "1m" }}', "read: longer than total"),
        (f'{{ http = "{HOOK}", connect = "0s" }}', "connect: expected a duration of more than 0"),
        (f'{{ http = "{HOOK}", headers = {{ Host = "a" }} }}', "Host: is set by Crossdock itself"),
        (f'{{ http = "{HOOK}", headers = {{ Webhook-Id = "a" }} }}', "Webhook-Id: is set by Crossdock itself"),
        (f'{{ http = "{HOOK}", headers = {{ "a b" = "a" }} }}', "'a b' is not the name of a header"),
        (f'{{ http = "{HOOK}", headers = {{ a = "b\\r\\nX-Evil: 1" }} }}', "a: a header holds printable ASCII"),
        (f'{{ http = "{HOOK}", headers = {{ a = 1 }} }}', "headers.a: expected text, given 1"),
        (f'{{ http = "{HOOK}", headers = {{ X-Api-Key = "k" }} }}', "X-Api-Key: looks like a secret"),
        (f'{{ http = "{HOOK}", secret_headers = {{ Expect = {{ env = "A" }} }} }}', "is set by Crossdock itself"),
        (f'{{ http = "{HOOK}", secrets = [{{ variable = "A" }}] }}', "secrets.0.variable: unknown key"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_right_are_refused(tmp_path: Path, table: str, words: str) -> None:
    text = problem(tmp_path, table)
    assert text.startswith("crossdock.toml: apps.app.outbound")
    assert words in text


@pytest.mark.parametrize(
    ("url", "authority", "resource"),
    [
        (HOOK, "warehouse.example", "/hooks/orders"),
        ("HTTPS://WAREHOUSE.example:443", "warehouse.example", "/"),
        ("https://warehouse.example:8443?a=b", "warehouse.example:8443", "/?a=b"),
        ("https://[2606:4700::1111]/", "[2606:4700::1111]", "/"),
        ("https://[2606:4700::1111]:8443/", "[2606:4700::1111]:8443", "/"),
        ("http://1.1.1.1:80/a%20b?c=%0d", "1.1.1.1", "/a%20b?c=%0d"),
        ("https://warehouse_1.example./", "warehouse_1.example.", "/"),
    ],
)
def test_url_is_read(url: str, authority: str, resource: str) -> None:
    target = target_of(url)
    assert (target.authority, target.resource) == (authority, resource)


@pytest.mark.parametrize("secret", ["hunter2hunter2", "whsec_AAAA", "whpk_" + "A" * 43 + "="])
def test_secret_that_is_none_is_told_before_anything_starts(
    monkeypatch: Any, tmp_path: Path, secret: str
) -> None:
    monkeypatch.setenv("HOOK", secret)
    settings = HttpOutbound.model_validate({"http": HOOK, "secrets": [{"env": "HOOK"}]})
    with pytest.raises(ConfigError, match="the variable HOOK holds no secret of a webhook") as caught:
        making.make_outbound(settings, around(tmp_path))
    assert secret[6:] not in str(caught.value)


def test_header_that_is_none_is_told_before_anything_starts(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("HOOK", "Bearer a\r\nX-Evil: 1")
    settings = HttpOutbound.model_validate(
        {"http": HOOK, "secret_headers": {"Authorization": {"env": "HOOK"}}}
    )
    with pytest.raises(ConfigError, match="the variable HOOK cannot be the header Authorization"):
        making.make_outbound(settings, around(tmp_path))


def test_missing_library_is_told_with_the_extra(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(making, "find_spec", lambda name: None if name == "h11" else object())
    with pytest.raises(
        ConfigError, match=r"needs other packages \(h11\); install them with: pip install 'crossdock\[http\]'"
    ):
        making.make_outbound(HttpOutbound.model_validate({"http": HOOK}), around(tmp_path))


def test_settings_are_checked_without_the_libraries(tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text(f'[apps.app]\noutbound = {{ http = "{HOOK}" }}\n')
    program = (
        "import sys; from crossdock.config import load; load('crossdock.toml', environ={}); "
        "print([name for name in ('h11', 'cryptography', 'ssl') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
