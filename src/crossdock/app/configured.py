"""What the configuration says of apps: what brings and hands over their messages, and whatever else it sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crossdock.app.registration import HUB_RULES, Entrance, Registration, register_transport
from crossdock.app.transport import Transport
from crossdock.config.kinds import side_of
from crossdock.config.problems import show_key
from crossdock.domain.errors import ConfigError
from crossdock.domain.message import AppId
from crossdock.domain.routing import Routes

if TYPE_CHECKING:
    from crossdock.config import Loaded
    from crossdock.config.kinds import Chosen, Direction
    from crossdock.config.model import AppTable
    from crossdock.ports.webhook import Webhook

PLAIN: Final[Mapping[str, Any]] = {
    "retry": None, "concurrency": 1, "next": (), "subscribe": None, "timeout": None, "cpu": False, "fallback": None,
    "max_depth": None, "max_processing": None, "rate": None, "breaker": None,
}  # fmt: skip
"""The options of an app of which nothing is said."""


def options_over(options: Mapping[str, Any], table: AppTable | None) -> dict[str, Any]:
    """Return the options of an app, those that the configuration sets in place of those of the program."""
    found = dict(options)
    if table is None:
        return found
    given = table.model_fields_set
    for name in given & {"concurrency", "timeout", *HUB_RULES}:
        found[name] = getattr(table, name)
    if "next" in given:
        found["next"] = table.next
    if "subscribe" in given:
        found["subscribe"] = [wanted.to_subscription() for wanted in table.subscribe]
    if table.retry.model_fields_set and found["retry"] is not None:
        found["retry"] = table.retry.over(found["retry"])
    if table.breaker is not None:
        found["breaker"] = table.breaker.to_breaker()
    if table.outbound is not None and getattr(table.outbound.settings, "cpu", False):
        found["cpu"] = True
    return found


def rules_of(known: Mapping[AppId, Registration], loaded: Loaded | None) -> dict[str, Mapping[str, Any]]:
    """Return the rules of every queue that a hub knows; what nobody says any more is taken away."""
    tables = {} if loaded is None else loaded.config.apps
    configured = {name: {rule: getattr(table, rule) for rule in HUB_RULES} for name, table in tables.items()}
    return {**configured, **{name: one.rules for name, one in known.items()}}


def routes_of(known: Mapping[AppId, Registration], loaded: Loaded | None) -> Routes:
    """Return the routes of all apps, those too that only the configuration knows."""
    tables = {} if loaded is None else loaded.config.apps
    following = {AppId(name): [AppId(app) for app in table.next] for name, table in tables.items()}
    wanted = {
        AppId(name): [one.to_subscription() for one in table.subscribe] for name, table in tables.items()
    }
    return Routes(
        {**following, **{name: one.following for name, one in known.items()}},
        {**wanted, **{name: one.subscriptions for name, one in known.items()}},
    )


def waits_for_a_start(before: Loaded, now: Loaded) -> str:
    """Say what has changed that takes effect only when the process is started anew; empty: nothing."""
    changed = [
        name
        for name, old, new in (
            ("store", (before.config.store, before.store_url), (now.config.store, now.store_url)),
            ("queue.lease", before.config.queue.lease, now.config.queue.lease),
            ("queue.max_crashes", before.config.queue.max_crashes, now.config.queue.max_crashes),
            ("run", before.config.run, now.config.run),
            ("log", before.config.log, now.config.log),
            ("api", before.config.api, now.config.api),
        )
        if old != new
    ]
    return f"{', '.join(changed)} changed, which takes effect at its next start" if changed else ""


def registrations(loaded: Loaded) -> dict[AppId, Registration]:
    """Return the apps to which the configuration hands their messages.

    Raises:
        ConfigError: Handlers cannot be found, or adapters cannot be made; there is a line for each.
    """
    found: dict[AppId, Registration] = {}
    problems: list[str] = []
    for name, table in loaded.config.apps.items():
        if names_transport(table.outbound):
            with _problem(problems, loaded, name, "outbound"):
                transport = transport_of(loaded, name, "outbound")
                found[AppId(name)] = register_transport(AppId(name), transport, options_over(PLAIN, table))
    if problems:
        raise ConfigError("\n".join(problems))
    return found


def entrances(loaded: Loaded) -> dict[AppId, Entrance]:
    """Return the apps through which messages come in.

    Raises:
        ConfigError: Adapters cannot be made; there is a line for each.
    """
    found: dict[AppId, Entrance] = {}
    problems: list[str] = []
    for name, table in loaded.config.apps.items():
        if table.inbound is not None:
            with _problem(problems, loaded, name, "inbound"):
                transport = transport_of(loaded, name, "inbound")
                if not table.inbound.comes_to_the_door:
                    found[AppId(name)] = Entrance(app=AppId(name), inbound=transport)
    if problems:
        raise ConfigError("\n".join(problems))
    return found


def webhooks(loaded: Loaded) -> dict[AppId, Webhook]:
    """Return what each app believes to which others may post.

    Raises:
        ConfigError: Secrets are not there, or cannot be used; there is a line for each.
    """
    found: dict[AppId, Webhook] = {}
    problems: list[str] = []
    for name, table in loaded.config.apps.items():
        if table.inbound is not None and table.inbound.comes_to_the_door:
            with _problem(problems, loaded, name, "inbound"):
                found[AppId(name)] = transport_of(loaded, name, "inbound").check(AppId(name))
    if problems:
        raise ConfigError("\n".join(problems))
    return found


def names_transport(outbound: Chosen | None) -> bool:
    """Tell whether the outbound table of an app names what hands over its messages."""
    return outbound is not None and getattr(outbound.settings, outbound.kind) is not None


def transport_of(loaded: Loaded, app: str, direction: Direction) -> Transport:
    """Return the transport that the configuration chooses for an app, after trying to make its adapter.

    Raises:
        ConfigError: Its adapter cannot be made.
    """
    chosen = getattr(loaded.config.apps[app], direction)
    side = side_of(chosen.kind, direction)
    assert side is not None  # noqa: S101 - the configuration was checked
    transport = Transport(chosen.kind, chosen.settings, side.make, folder_of(loaded))
    transport.check(AppId(app))
    return transport


def folder_of(loaded: Loaded | None) -> Path:
    """Return the folder that paths of a configuration count from."""
    return Path.cwd() if loaded is None else loaded.folder


@contextmanager
def _problem(problems: list[str], loaded: Loaded, app: str, direction: Direction) -> Iterator[None]:
    """Note a setting that cannot be right here, with the key that names the adapter."""
    try:
        yield
    except ConfigError as error:
        key = ("apps", app, direction, getattr(loaded.config.apps[app], direction).kind)
        problems.append(f"{loaded.origin(*key)}: {show_key(key)}: {error}")
