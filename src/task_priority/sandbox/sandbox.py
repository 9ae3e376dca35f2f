"""The sandbox as one thing: a demo account at Todoist and one at Google, served on this machine."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final, Self

from task_priority.sandbox.access import AccessTokens
from task_priority.sandbox.authority import CLIENT_ID, CLIENT_SECRET, GOOGLE, TODOIST, Authority
from task_priority.sandbox.clock import Clock, system_clock
from task_priority.sandbox.control import Control
from task_priority.sandbox.demo.google_account import fill_google
from task_priority.sandbox.demo.todoist_account import demo_user, fill_todoist
from task_priority.sandbox.exchange import Json
from task_priority.sandbox.faults import Faults
from task_priority.sandbox.google.service import Google
from task_priority.sandbox.ids import Ids
from task_priority.sandbox.keeping import Keeper
from task_priority.sandbox.oauth import OAuth, Paths
from task_priority.sandbox.server import HOST, Server
from task_priority.sandbox.site import CALENDAR_PREFIX, TASKS_PREFIX, TODOIST_PREFIX, Site
from task_priority.sandbox.todoist.service import Todoist
from task_priority.sandbox.tokens import Sealer

EMAIL: Final = "kari@example.com"
DEFAULT_TIMEZONE: Final = "Europe/Oslo"
_GOOGLE_PATHS: Final = Paths("/auth", "/token", "/revoke")
_TODOIST_PATHS: Final = Paths(
    "/todoist/oauth/authorize",
    "/todoist/oauth/access_token",
    f"{TODOIST_PREFIX}/revoke",
    f"{TODOIST_PREFIX}/access_tokens",
)


class Sandbox:
    """Serves Todoist, Google Calendar, Google Tasks and OAuth on loopback, from ``with`` on or from ``start``.

    Args:
        port: 0: any that is free.
        seed: The same seed, on the same day, makes the same demo account, with the same ids.
        timezone: Where the accounts' owner is.
        clock: What time it is; the demo account is made relative to it.
        demo: False: the accounts are empty, but for the inbox, the primary calendar and the default task list.
        state: A file that keeps the accounts, and who was let in; one that exists is gone on from.

    Attributes:
        todoist: The account at Todoist, to change.
        google: The account at Google, likewise.
        oauth: Who gets tokens of Google; ``consent`` says who answers the page.
        todoist_oauth: Likewise of Todoist.
        faults: What goes wrong.
        lock: Hold it while changing accounts when clients may be asking at the same time.
    """

    def __init__(  # noqa: PLR0913 - all by keyword
        self,
        *,
        port: int = 0,
        seed: int = 0,
        timezone: str = DEFAULT_TIMEZONE,
        clock: Clock = system_clock,
        demo: bool = True,
        state: Path | None = None,
    ) -> None:
        ids, sealer = Ids(seed), Sealer(f"sandbox {seed}".encode())
        access = AccessTokens(clock, Ids(f"token {seed}").secret())
        self._access = access
        self.faults = Faults(seed)
        self.lock = threading.RLock()
        user = demo_user(ids, EMAIL, timezone, access.personal)
        self.todoist = Todoist(clock=clock, ids=ids, sealer=sealer, access=access, user=user)
        self.google = Google(
            clock=clock, ids=ids, sealer=sealer, access=access, email=EMAIL, timezone=timezone
        )
        google_authority = Authority(GOOGLE, clock=clock, ids=ids, access=access)
        todoist_authority = Authority(TODOIST, clock=clock, ids=ids, access=access)
        self.oauth = OAuth(google_authority, sealer, _GOOGLE_PATHS)
        self.todoist_oauth = OAuth(todoist_authority, sealer, _TODOIST_PATHS)
        self._keeper = Keeper(
            state,
            todoist=self.todoist,
            google=self.google,
            access=access,
            authorities={"google": google_authority, "todoist": todoist_authority},
        )
        if not self._keeper.restore() and demo:
            fill_todoist(self.todoist, seed)
            fill_google(self.google, clock)
        self._server = Server(self._site().answer, clock=clock, port=port)

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop it."""
        self.close()

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def close(self) -> None:
        """Stop answering, release what is held back, and keep the accounts if a file was named."""
        self.faults.clear()
        self._server.close()
        self.todoist.webhooks.close()
        self._keeper.keep()

    @property
    def url(self) -> str:
        """The address of everything, without a slash at the end."""
        return f"http://{HOST}:{self._server.port}"

    @property
    def todoist_url(self) -> str:
        """The base address of Todoist's API."""
        return self.url + TODOIST_PREFIX

    @property
    def calendar_url(self) -> str:
        """The base address of Google Calendar, as ``api_endpoint`` of Google's client takes it."""
        return f"{self.url}{CALENDAR_PREFIX}/"

    @property
    def tasks_url(self) -> str:
        """The base address of Google Tasks, as ``api_endpoint`` of Google's client takes it."""
        return self.url

    @property
    def token(self) -> str:
        """A token that every API takes."""
        return self._access.personal

    def google_client(self) -> Json:
        """Return what Google's console gives for a desktop program: the client's name, secret and addresses."""
        return {
            "installed": {
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "auth_uri": self.url + _GOOGLE_PATHS.authorize,
                "token_uri": self.url + _GOOGLE_PATHS.token,
                "redirect_uris": ["http://localhost"],
            }
        }

    def _site(self) -> Site:
        control = Control(
            self.faults,
            addresses=self._addresses,
            send_webhooks=lambda url, secret, events: self.todoist.webhooks.send_to(
                url, secret=secret, events=events
            ),
            expire_sync_tokens=self._expire_sync_tokens,
        )
        return Site(
            apis=[
                (TODOIST_PREFIX, self.todoist),
                (CALENDAR_PREFIX, self.google.calendar_api),
                (TASKS_PREFIX, self.google.tasks_api),
            ],
            oauths=[self.oauth, self.todoist_oauth],
            control=control.answer,
            faults=self.faults,
            changed=self._keeper.keep,
            lock=self.lock,
        )

    def _addresses(self) -> dict[str, str]:
        return {
            "url": self.url,
            "todoist": self.todoist_url,
            "calendar": self.calendar_url,
            "tasks": f"{self.url}{TASKS_PREFIX}",
            "authorize": self.url + _GOOGLE_PATHS.authorize,
            "token endpoint": self.url + _GOOGLE_PATHS.token,
            "client id": CLIENT_ID,
            "client secret": CLIENT_SECRET,
            "token": self.token,
        }

    def _expire_sync_tokens(self) -> None:
        with self.lock:
            self.todoist.account.expire_sync_tokens()
            self.google.calendars.expire_sync_tokens()
