"""What the configuration says of a URL that messages are posted to."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from crossdock.adapters.http.addresses import Allowed
from crossdock.adapters.http.target import Target, target_of
from crossdock.addresses import special
from crossdock.config.model import Timeout
from crossdock.config.secret import NamedReferences, References
from crossdock.config.table import Expected, Explained, Size, Table

MiB: Final = 1024**2
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_VALUE: Final = re.compile(r"[!-~](?:[\t -~]*[!-~])?")
_OURS: Final = re.compile(
    r"host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|accept-encoding|via|forwarded"
    r"|webhook-.*|ce-.*|traceparent|tracestate|proxy-.*",
    re.IGNORECASE,
)
"""Headers that say what is sent and how; two of them would contradict each other."""
_SECRET: Final = re.compile(
    r"authorization|cookie|.*(token|secret|passw|api-?key|signature).*", re.IGNORECASE
)


def _url(text: str) -> str:
    try:
        target_of(text)
    except ValueError as error:
        raise Explained(f"the URL {error}") from error
    return text


def _names(entries: list[str]) -> list[str]:
    try:
        Allowed.of(entries)
    except ValueError as error:
        raise Explained(str(error)) from error
    return entries


def _header_names(headers: dict[str, Any]) -> dict[str, Any]:
    for name in headers:
        if not is_header_name(name):
            raise Explained(f"{name!a} is not the name of a header")
        if _OURS.fullmatch(name):
            raise Explained(f"{name}: is set by Crossdock itself")
    return headers


def _headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if _SECRET.fullmatch(name):
            raise Explained(
                f"{name}: looks like a secret, which does not stand here; name it in secret_headers"
            )
        if not is_header_value(value):
            raise Explained(f"{name}: a header holds printable ASCII, with blanks only between")
    return headers


def is_header_name(name: str) -> bool:
    """Tell whether a header can have some name."""
    return _TOKEN.fullmatch(name) is not None


def is_header_value(value: str) -> bool:
    """Tell whether a header can hold some text."""
    return _VALUE.fullmatch(value) is not None


Names: TypeAlias = Annotated[
    list[str],
    AfterValidator(_names),
    Expected(
        'an array of addresses, networks and names of hosts, such as ["127.0.0.1", "10.0.0.0/8", "warehouse"]'
    ),
]
Format: TypeAlias = Annotated[
    Literal["webhook", "binary", "structured"], Expected('"webhook", "binary" or "structured"')
]


class HttpOutbound(Table):
    """Posts each message to a URL, signed by Standard Webhooks; 2xx takes it."""

    http: Annotated[
        str, AfterValidator(_url), Expected('a URL such as "https://warehouse.example/hooks/orders"')
    ] = Field(description="Where messages are posted to. Redirects are not followed, proxies not asked.")
    format: Format = Field(
        default="webhook",
        description="The body. webhook: `{type, timestamp, data}`, as Standard Webhooks has it. Of CloudEvents, binary "
        "has the data as it is and the attributes in headers, structured the whole event in JSON.",
    )
    secrets: References = Field(
        default=[],
        description="What messages are signed with, `whsec_…` (HMAC) or `whsk_…` (ed25519); several while one takes "
        "the place of another. Unset: they are not signed.",
    )
    headers: Annotated[
        dict[str, Annotated[str, Expected("text")]],
        AfterValidator(_header_names),
        AfterValidator(_headers),
        Expected('a table of headers, such as { X-Tenant = "blue" }'),
    ] = Field(default={}, description="Further headers of each request.")
    secret_headers: Annotated[
        NamedReferences,
        AfterValidator(_header_names),
        Expected('a table of headers, such as { Authorization = { env = "WAREHOUSE_AUTHORIZATION" } }'),
    ] = Field(default={}, description="Headers whose whole value is a secret.")
    answer: Annotated[Literal["json", "ignore"], Expected('"json" or "ignore"')] = Field(
        default="json",
        description="json: the body of a 2xx, if it is JSON, is the answer, as the output of a program is. ignore: no "
        "body says anything.",
    )
    allow: Names = Field(
        default=[],
        description="What may be reached besides the open network, and without TLS: addresses, networks, and hosts by "
        "name, which may then have any address.",
    )
    ca: Annotated[str, Field(min_length=1), Expected("the path of a file")] | None = Field(
        default=None,
        description="The certificates, in PEM, of the authorities that are trusted, in place of those of the system; a "
        "relative path counts from the folder of this file.",
    )
    connect: Timeout = Field(
        default=timedelta(seconds=10), description="How long it may take to look the host up and connect."
    )
    read: Timeout = Field(
        default=timedelta(seconds=20),
        description="How long the far side may say nothing while it is to answer.",
    )
    total: Timeout = Field(
        default=timedelta(seconds=30),
        description="How long a request may take, from its first byte to the last of the answer.",
    )
    max_answer: Size = Field(default=MiB, description="An answer that is larger is not read to its end.")
    max_wait: Timeout = Field(
        default=timedelta(hours=1),
        description="A `Retry-After` parks the queue for so long at most.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """Refuse what can be seen to be refused without looking the host up, and keys that would be without effect."""
        if issue := _reach_issue(self.target, self.allowed):
            raise Explained(f'http: {issue}: allow = ["{self.target.host}"]')
        if not self.target.tls and self.ca is not None:
            raise Explained("ca: without effect with http://; leave out")
        if "read" in self.model_fields_set and self.read > self.total:
            raise Explained("read: longer than total, which ends every request; make total longer, too")
        return self

    @property
    def target(self) -> Target:
        """Where messages are posted to."""
        return target_of(self.http)

    @property
    def allowed(self) -> Allowed:
        """What may be reached besides the open network."""
        return Allowed.of(self.allow)


def _reach_issue(target: Target, allowed: Allowed) -> str | None:
    """Return why a target cannot be reached, whatever addresses its host has."""
    if target.address is not None:
        if allowed.names(target.host, target.address):
            return None
        if what := special(target.address):
            return f"{target.host} is {what}, and such an address is reached only if allow names it"
    elif allowed.hosts or allowed.networks:
        return None
    elif target.host.rstrip(".").rpartition(".")[2] == "localhost":
        return f"{target.host} is loopback, and such an address is reached only if allow names it"
    return None if target.tls else "without TLS only what allow names is reached; write https://, or"
