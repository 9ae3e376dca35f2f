"""What the configuration says of webhooks that others post to an app."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from crossdock.adapters.http.settings import is_header_name
from crossdock.config.model import Timeout
from crossdock.config.secret import References
from crossdock.config.table import Expected, Explained, Table
from crossdock.domain.message import text_issue
from crossdock.domain.webhook import TOLERANCE, Digest, Encoding

_OF_HMAC = ("header", "prefix", "encoding", "digest", "id_header")


def _header(name: str) -> str:
    if not is_header_name(name):
        raise Explained(f"{name!a} is not the name of a header")
    return name


def _type(name: str) -> str:
    if issue := text_issue(name):
        raise Explained(issue)
    return name


def _any_secret(references: References) -> References:
    if not references:
        raise Explained("name at least one secret; whoever knows none could be anybody")
    return references


HeaderName = Annotated[
    str, AfterValidator(_header), Expected('the name of a header, such as "X-Hub-Signature-256"')
]


class HttpInbound(Table):
    """Takes in what others post to `/api/v1/webhooks/{app}` of the API, if a signature proves where it comes from."""

    http: Annotated[Literal["standard-webhooks", "hmac"], Expected('"standard-webhooks" or "hmac"')] = Field(
        description="What proves it: a signature by Standard Webhooks, or an HMAC of the body in a header of any name."
    )
    secrets: Annotated[References, AfterValidator(_any_secret)] = Field(
        description="Any of them may have signed; several while one takes the place of another. For standard-webhooks "
        "`whsec_…` (HMAC) or `whpk_…` (the public half of ed25519), for hmac any text."
    )
    tolerance: Timeout = Field(
        default=TOLERANCE,
        description="standard-webhooks: so old, or so far ahead, may a timestamp be.",
    )
    header: HeaderName | None = Field(default=None, description="hmac: where the signature stands.")
    prefix: Annotated[str, Expected("text")] = Field(
        default="", description="hmac: what stands before the signature in the header."
    )
    encoding: Annotated[Encoding, Expected('"hex" or "base64"')] = Field(
        default="hex", description="hmac: how the signature is written."
    )
    digest: Annotated[Digest, Expected('"sha256", "sha384" or "sha512"')] = Field(
        default="sha256", description="hmac: of what it is made."
    )
    id_header: HeaderName | None = Field(
        default=None,
        description="hmac: the header with the id of a webhook, the same each time it comes. It is not signed. Unset: "
        "the id is made of the body, so that the same body is the same message.",
    )
    type_header: HeaderName | None = Field(
        default=None, description="The header with the type of the message; if it is missing, `type` holds."
    )
    type: Annotated[str, AfterValidator(_type), Expected("the type of a message")] | None = Field(
        default=None,
        description="The type of messages. Unset: what the body calls `type`, as Standard Webhooks has it, else "
        "`crossdock.message`.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """Refuse keys that would be without effect, and an HMAC that stands nowhere."""
        if self.http == "hmac":
            if self.header is None:
                raise Explained('header: say where the signature stands, such as "X-Hub-Signature-256"')
            if "tolerance" in self.model_fields_set:
                raise Explained("tolerance: without effect with hmac, which signs no time; leave out")
        elif given := [name for name in _OF_HMAC if name in self.model_fields_set]:
            raise Explained(f"{given[0]}: without effect with standard-webhooks; leave out")
        return self
