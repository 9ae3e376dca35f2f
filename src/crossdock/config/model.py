"""The keys of ``crossdock.toml``: their types, defaults and meanings. Everything else about them is derived."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from crossdock.config import values
from crossdock.config.api_table import ApiTable
from crossdock.config.kinds import InboundTable, OutboundTable
from crossdock.config.retention_table import AppRetentionTable, RetentionTable
from crossdock.config.schedule_table import Scheduled
from crossdock.config.secret import Reference
from crossdock.config.table import AppName, Duration, Expected, Flag, Size, Table, positive, text_form
from crossdock.domain.breaker import Breaker
from crossdock.domain.retention import Keep, Retention
from crossdock.domain.retry import RetryPolicy
from crossdock.domain.routing import Subscription
from crossdock.domain.rules import RATE_PATTERN, RULE_NAMES, Rate

SHORTEST_LEASE: Final = timedelta(milliseconds=10)


def _url(text: str) -> str:
    if "://" not in text:
        raise ValueError(text)
    return text


def _long_enough(lease: timedelta) -> timedelta:
    if lease < SHORTEST_LEASE:
        raise ValueError(lease)
    return lease


Url: TypeAlias = Annotated[str, AfterValidator(_url), Expected('a URL such as "sqlite:///crossdock.db"')]
Count: TypeAlias = Annotated[int, Field(ge=1), Expected("a whole number of 1 or more")]
Lease: TypeAlias = Annotated[
    Duration, AfterValidator(_long_enough), Expected('a duration of 10 ms or more, such as "30s"')
]
Timeout: TypeAlias = Annotated[
    Duration, AfterValidator(positive), Expected('a duration of more than 0, such as "30s"')
]
Backoff: TypeAlias = Annotated[
    tuple[timedelta, timedelta],
    BeforeValidator(lambda given: text_form(values.parse_backoff, given)),
    PlainSerializer(values.format_backoff),
    WithJsonSchema({"type": "string", "pattern": values.BACKOFF_PATTERN}),
    Expected('two durations, the smaller first, such as "1s..5m"'),
]


def _parking_times(bounds: tuple[timedelta, timedelta]) -> tuple[timedelta, timedelta]:
    positive(bounds[0])
    return bounds


def _rate(given: object) -> Rate:
    return text_form(Rate.parse, given)


RateValue: TypeAlias = Annotated[
    Rate,
    BeforeValidator(_rate),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": RATE_PATTERN}),
    Expected('a number per time, such as "10/s", "100/m" or "1000/15m"'),
]
TimeOfDay: TypeAlias = Annotated[
    time,
    BeforeValidator(lambda given: text_form(values.parse_time_of_day, given)),
    PlainSerializer(values.format_time_of_day),
    WithJsonSchema({"type": "string", "pattern": values.TIME_OF_DAY_PATTERN}),
    Expected('a time of day such as "03:00"'),
]
LogLevel: TypeAlias = Annotated[
    Literal["debug", "info", "warning", "error"], Expected('"debug", "info", "warning" or "error"')
]
LogFormat: TypeAlias = Annotated[Literal["auto", "json", "text"], Expected('"auto", "json" or "text"')]
OnDead: TypeAlias = Annotated[Literal["release", "block"], Expected('"release" or "block"')]

AppNames: TypeAlias = Annotated[
    list[AppName], Expected('an array of the names of apps, such as ["warehouse"]')
]
Pattern: TypeAlias = Annotated[str, Field(min_length=1), Expected('text such as "order.*"')]


ApplicationTable: TypeAlias = Annotated[
    dict[str, Any], Expected("a table with the keys of the application; an empty one takes its defaults")
]


class StoreTable(Table):
    """Where messages are kept."""

    url: Url = Field(
        default="sqlite:///crossdock.db",
        description=(
            "The store. A relative path counts from the folder of the configuration file; a % in it is written %25, "
            "a ? %3F."
        ),
    )
    password: Reference | None = Field(
        default=None,
        description=(
            "On PostgreSQL: where the password is kept, unless PGPASSWORD or ~/.pgpass has it. It is read when the "
            "store is opened; one in a URL that a variable or --store gives goes before it."
        ),
    )
    outside_writers: Flag = Field(
        default=False,
        description=(
            "Set to true if programs with an SQLite that has the WAL-reset race (3.7.0 to 3.51.2 but for 3.44.6 "
            "and 3.50.7) write to the file. The store then uses a rollback journal, which is slower and safe for them."
        ),
    )
    min_free_bytes: Size = Field(
        default=64 * 1024**2,
        description="Nothing new is taken in while the disk has less free space than this.",
    )
    claim_check_bytes: Size = Field(
        default=256 * 1024,
        description="Data larger than this is stored once, outside the rows of the apps that receive it.",
    )
    lock_timeout: Duration = Field(
        default=timedelta(seconds=10),
        description="How long a write waits for other programs, and on PostgreSQL for a server that is away, before it "
        "gives up.",
    )
    host_folder: Annotated[str, Expected("the path of a folder")] | None = Field(
        default=None,
        description="On PostgreSQL: the folder in which the processes of this host that use the store find each other. "
        "Default: one of this user's, named after the database.",
    )


class RetryTable(Table):
    """When and how often a delivery that failed is tried again. A key that is left out is inherited."""

    max_attempts: Count | None = Field(default=None, description="Deliveries in all, the first included.")
    backoff: Backoff | None = Field(
        default=None,
        description=(
            "Bounds of the delay before the next attempt: the upper bound starts at the first, doubles with each "
            "attempt, and stops at the second."
        ),
    )
    jitter: Flag | None = Field(
        default=None, description="Draw each delay evenly from 0 to the bound, so that retries spread out."
    )
    time_budget: Duration | None = Field(
        default=None,
        description="Begin no retry later than this after the message was sent or replayed. Left out: no such limit.",
    )

    def over(self, base: RetryPolicy) -> RetryPolicy:
        """Return ``base`` with the keys that are set here."""
        first, last = self.backoff or (base.backoff_min, base.backoff_max)
        return RetryPolicy(
            max_attempts=base.max_attempts if self.max_attempts is None else self.max_attempts,
            backoff_min=first,
            backoff_max=last,
            jitter=base.jitter if self.jitter is None else self.jitter,
            time_budget=base.time_budget if self.time_budget is None else self.time_budget,
        )


class QueueTable(Table):
    """How queues behave whose app says nothing else."""

    lease: Lease = Field(
        default=timedelta(seconds=30),
        description="How long a claimed message belongs to its worker, unless extended or kept.",
    )
    max_crashes: Count = Field(
        default=3,
        description="A message during which its worker's process died so often becomes a dead letter.",
    )
    retry: RetryTable = Field(default_factory=RetryTable, description="The retry policy of all apps.")


class SubscriptionTable(Table):
    """What an app wants of what the others send; * stands for any characters."""

    type: Pattern | None = Field(default=None, description="Pattern of the message's type.")
    source: Pattern | None = Field(default=None, description="Pattern of the message's source.")
    subject: Pattern | None = Field(default=None, description="Pattern of the message's subject.")

    def to_subscription(self) -> Subscription:
        """Return what it says."""
        return Subscription(type=self.type, source=self.source, subject=self.subject)


def _not_empty(wanted: SubscriptionTable) -> SubscriptionTable:
    if not wanted.model_fields_set:
        raise ValueError(wanted)
    return wanted


Wanted: TypeAlias = Annotated[
    SubscriptionTable,
    AfterValidator(_not_empty),
    Expected('a table with type, source or subject, such as { type = "order.*" }'),
]


class BreakerTable(Table):
    """When an app's queue is parked because its far side seems to be down, and for how long."""

    after: Count = Field(
        default=5,
        description="So many different messages in a row have failed with an error of the connection.",
    )
    park: Annotated[
        Backoff,
        AfterValidator(_parking_times),
        Expected('two durations of more than 0, the smaller first, such as "5s..5m"'),
    ] = Field(
        default=(timedelta(seconds=5), timedelta(minutes=5)),
        description="How long it is parked before one message is the probe: at first, and at most.",
    )

    def to_breaker(self) -> Breaker:
        """Return what it says."""
        return Breaker(self.after, *self.park)


class AppTable(Table):
    """What holds for one app alone."""

    inbound: InboundTable | None = Field(
        default=None,
        description="What takes messages in for the app, which sends them: a table of an adapter.",
    )
    outbound: OutboundTable | None = Field(
        default=None, description="What hands the app its messages: a table of an adapter."
    )
    next: AppNames = Field(default=[], description="The apps that receive everything that this one sends.")
    subscribe: Annotated[list[Wanted], Expected("an array of tables")] = Field(
        default=[],
        description=(
            "What the app wants to receive of what the others send: tables with patterns of type, source and subject."
        ),
    )
    concurrency: Count | None = Field(
        default=None,
        description="So many messages are worked on at a time in each worker process; 1 unless set.",
    )
    timeout: Timeout | None = Field(
        default=None,
        description="How long one call of the handler may last; as long as it likes unless set.",
    )
    retry: RetryTable = Field(
        default_factory=RetryTable, description="The app's retry policy, over that of all apps."
    )
    retention: AppRetentionTable = Field(
        default_factory=AppRetentionTable,
        description="How many completed messages of the app stay in its queue, over what holds for all.",
    )
    on_dead: OnDead | None = Field(
        default=None,
        description=(
            "What a dead letter does to later messages of its partition key: release lets them go on (so it is "
            "unless set), block keeps them waiting until it is replayed, deleted or purged."
        ),
    )
    fallback: AppName | None = Field(
        default=None,
        description="The app that receives, beside the dead letter that stays, each message that fails here for good.",
    )
    max_depth: Count | None = Field(
        default=None,
        description="No message is taken in while so many wait; the sender is refused. Unset: no limit.",
    )
    max_processing: Count | None = Field(
        default=None,
        description="So many messages are worked on at a time, in all processes together. Unset: no limit.",
    )
    rate: RateValue | None = Field(
        default=None,
        description="So many deliveries are begun in a time, in all processes together. Unset: no limit.",
    )
    breaker: BreakerTable | None = Field(
        default=None,
        description="The circuit breaker of the app's queue; none unless set. {} takes the defaults.",
    )


class RunTable(Table):
    """How ``crossdock run`` works."""

    workers: Count = Field(default=1, description="How many worker processes it keeps alive.")
    drain: Timeout = Field(
        default=timedelta(seconds=10),
        description="A worker that is told to stop ends within this time; what is unfinished is handed back.",
    )
    examine_at: TimeOfDay = Field(
        default=time(3),
        description="When the file of a store on SQLite is examined each night, on the clocks of this machine.",
    )


class LogTable(Table):
    """What ``crossdock run`` and ``crossdock worker`` write to standard error, a line for each event."""

    level: LogLevel = Field(
        default="info",
        description="Events of this level and above: debug has each delivery, info what processes do, warning what was "
        "dealt with and may matter, error what a person must do.",
    )
    format: LogFormat = Field(
        default="auto",
        description="json has an object on each line, text is for people; auto is text on a terminal, else json.",
    )


class Config(Table):
    """The whole file."""

    store: StoreTable = Field(default_factory=StoreTable, description="Where messages are kept.")
    queue: QueueTable = Field(
        default_factory=QueueTable, description="How queues behave whose app says nothing else."
    )
    retention: RetentionTable = Field(
        default_factory=RetentionTable,
        description="What becomes of completed messages. Dead letters are never touched.",
    )
    run: RunTable = Field(default_factory=RunTable, description="How crossdock run works.")
    log: LogTable = Field(default_factory=LogTable, description="What worker processes log.")
    api: ApiTable = Field(
        default_factory=ApiTable,
        description="The door for programs in any language; with this table, crossdock run opens it.",
    )
    apps: dict[AppName, AppTable] = Field(default={}, description="Apps that differ, each under its name.")
    schedules: dict[AppName, Scheduled] = Field(
        default={}, description="What sends itself, each schedule under its name."
    )
    applications: dict[AppName, ApplicationTable] = Field(
        default={},
        description="Applications that are installed and are to work here, each under its name, with its own keys.",
    )

    @property
    def serves_api(self) -> bool:
        """Whether somebody said anything of the API, so that crossdock run serves it."""
        return "api" in self.model_fields_set

    @property
    def has_work(self) -> bool:
        """Whether any app is reached by something that a worker process drives."""
        return bool(self.applications) or any(
            app.outbound is not None or (app.inbound is not None and not app.inbound.comes_to_the_door)
            for app in self.apps.values()
        )

    def rules(self) -> dict[str, dict[str, Any]]:
        """Return the rules of each queue that are named."""
        found = {
            name: {rule: value for rule in RULE_NAMES if (value := getattr(app, rule)) is not None}
            for name, app in self.apps.items()
        }
        return {name: rules for name, rules in found.items() if rules}

    def retention_rules(self, base: Path) -> Retention:
        """Return what becomes of completed messages; a relative folder counts from ``base``."""
        given = self.retention
        keep = given.over(Keep())
        return Retention(
            automatic=given.automatic,
            keep=keep,
            apps={
                name: app.retention.over(keep)
                for name, app in self.apps.items()
                if app.retention.model_fields_set
            },
            archived_for=given.archived_for,
            dedup_for=given.dedup_for,
            max_archived_bytes=given.max_archived_bytes,
            to_files=given.to_files,
            folder=None if given.folder is None else str(base / given.folder),
        )

    def retry_policies(self) -> dict[str, RetryPolicy]:
        """Return the policy of each app, and under ``*`` that of all others."""
        base = self.queue.retry.over(RetryPolicy())
        return {"*": base} | {name: app.retry.over(base) for name, app in self.apps.items()}
