"""The keys of ``[api]``: where the API listens, and what it takes from anybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from crossdock.config import values
from crossdock.config.table import Duration, Expected, Flag, Table, positive, text_form
from crossdock.domain.rules import RATE_PATTERN, Rate

Path: TypeAlias = Annotated[str, Field(min_length=1), Expected("the path of a file")]
Host: TypeAlias = Annotated[
    str, Field(min_length=1), Expected('an address to listen on, such as "127.0.0.1"')
]
Port: TypeAlias = Annotated[
    int, Field(ge=0, le=65535), Expected("a port from 1 to 65535, or 0 for a free one")
]
Hosts: TypeAlias = Annotated[
    list[str], Expected('an array of names of this host, such as ["crossdock.example"]')
]
Timeout: TypeAlias = Annotated[
    Duration, AfterValidator(positive), Expected('a duration of more than 0, such as "30s"')
]
Depth: TypeAlias = Annotated[int, Field(ge=1, le=500), Expected("a whole number from 1 to 500")]


def _size(given: object) -> int:
    if type(given) is int and given >= 1:
        return given
    return text_form(values.parse_size, given)


BodySize: TypeAlias = Annotated[
    int,
    BeforeValidator(_size),
    PlainSerializer(values.format_size),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": values.SIZE_PATTERN}]}
    ),
    Expected('a number of bytes, or a size such as "8 MiB"'),
]
KeyRate: TypeAlias = Annotated[
    Rate,
    BeforeValidator(lambda given: text_form(Rate.parse, given)),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": RATE_PATTERN}),
    Expected('a number per time, such as "100/s" or "6000/m"'),
]


class ApiTable(Table):
    """The door for programs in any language; with this table, crossdock run opens it."""

    host: Host = Field(
        default="127.0.0.1",
        description="The address to listen on. One that others reach needs keys, allowed_hosts, and TLS or a proxy.",
    )
    port: Port = Field(default=8765, description="The port to listen on.")
    share_port: Flag = Field(
        default=False,
        description=(
            "Whether further processes of the same user may listen on the same port: several at a time, or the next "
            "one before this one ends."
        ),
    )
    tls_cert: Path | None = Field(
        default=None, description="The file of the certificate, its chain included. Left out: no TLS."
    )
    tls_key: Path | None = Field(
        default=None, description="The file of the certificate's private key, if it is another one."
    )
    behind_proxy: Flag = Field(
        default=False,
        description="Whether a proxy in front speaks TLS and says in X-Forwarded-For who asks.",
    )
    allowed_hosts: Hosts = Field(
        default=[],
        description="The names by which it may be called, beside localhost; others are refused, whatever they lead to.",
    )
    max_body_bytes: BodySize = Field(
        default=8 * 1024**2, description="The largest body of a request, after decompression."
    )
    max_json_depth: Depth = Field(
        default=64, description="So deep may arrays and objects of a JSON body be nested."
    )
    body_timeout: Timeout = Field(
        default=timedelta(seconds=30), description="The whole of a request must have come within this time."
    )
    max_wait: Timeout = Field(
        default=timedelta(seconds=60), description="A claim may wait so long for a message at most."
    )
    rate: KeyRate = Field(
        default=Rate(1000, timedelta(seconds=1)), description="So many requests each key may make in a time."
    )
    strangers_rate: KeyRate = Field(
        default=Rate(60, timedelta(minutes=1)),
        description=(
            "So often in a time may one address, without a key, fetch the documentation, and so many webhooks may come "
            "from it that are not to be believed."
        ),
    )
    require_idempotency_key: Flag = Field(
        default=False,
        description="Whether what makes something must bring an Idempotency-Key; messages have their ids for that.",
    )
    allow_definitions: Flag = Field(
        default=False,
        description=(
            "Whether a key with the scope host:admin may change, from this machine alone, what is executed: commands, "
            "environments, Python paths."
        ),
    )
    key_file: Path | None = Field(
        default=None,
        description=(
            "Where the key is written that is made when there is none yet. Left out: beside the store, its name "
            "followed by .key; on PostgreSQL crossdock.key of the configuration's folder."
        ),
    )
