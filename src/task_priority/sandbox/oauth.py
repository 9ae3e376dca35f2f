"""The doors of OAuth 2: the consent page, the token endpoint and revocation."""

from __future__ import annotations

import base64
import binascii
import html
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from task_priority.sandbox.authority import CLIENT_ID, CLIENT_SECRET, Asked, Authority, OAuthRefusal
from task_priority.sandbox.exchange import BadBody, Json, Refusal, Reply, Request, html_reply, json_reply
from task_priority.sandbox.faults import Fault, FaultKind
from task_priority.sandbox.routes import NoSuchPath, Route, Routes
from task_priority.sandbox.tokens import BadToken, Sealer

_PURPOSE: Final = "consent"
_LOOPBACK: Final = {"127.0.0.1", "localhost", "::1"}
_PAGE: Final = """<!doctype html><meta charset="utf-8"><title>Sandbox: consent</title>
<style>body{{font:16px/1.5 system-ui;max-width:36rem;margin:3rem auto;padding:0 1rem}}
button{{font:inherit;padding:.4rem 1rem}}</style>
<h1>May this program see the demo account?</h1>
<p>The program <b>{client}</b> asks for the following. This is the sandbox: nothing here is real.</p>
<form method="post" action="{action}"><input type="hidden" name="asked" value="{asked}">{scopes}
<p><button name="answer" value="grant">Allow</button> <button name="answer" value="deny">Refuse</button></form>"""


class Consent(Enum):
    """Who answers the consent page."""

    ASK = "ask"
    """A person, in the browser."""
    GRANT = "grant"
    """The sandbox: yes."""
    DENY = "deny"
    """The sandbox: no."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the doors of a service are; ``delete_token`` is Todoist's other way to revoke."""

    authorize: str
    token: str
    revoke: str
    delete_token: str | None = None


class OAuth:
    """Answers at the authorisation, token and revocation addresses of one service.

    Attributes:
        authority: Gives the tokens out.
        consent: Who answers the consent page.
        unticked: Scopes that are not allowed, whoever answers.
    """

    def __init__(self, authority: Authority, sealer: Sealer, paths: Paths) -> None:
        self.name = "oauth"
        self.authority = authority
        self.consent = Consent.ASK
        self.unticked: frozenset[str] = frozenset()
        self._sealer = sealer
        self._answer_path = f"{paths.authorize}/answer"
        routes = [
            Route("GET", paths.authorize, self._authorize),
            Route("POST", self._answer_path, self._answered),
            Route("POST", paths.token, self._token),
            Route("POST", paths.revoke, self._revoke),
        ]
        if paths.delete_token is not None:
            routes.append(Route("DELETE", paths.delete_token, self._revoke))
        self._routes = Routes(routes)

    def serves(self, path: str) -> bool:
        """Say whether an address is one of these."""
        try:
            self._routes.find("", path)
        except NoSuchPath as error:
            return bool(error.methods)
        return True

    def answer(self, request: Request) -> Reply:
        """Answer a request."""
        try:
            handler, parameters = self._routes.find(request.method, request.path)
            return handler(request, **parameters)
        except Refusal as refusal:
            return refusal.reply
        except BadBody as error:
            return OAuthRefusal("invalid_request", str(error)).reply
        except NoSuchPath as error:
            return OAuthRefusal("invalid_request", str(error), HTTPStatus.METHOD_NOT_ALLOWED).reply

    def failing(self, fault: Fault) -> Reply:
        """Return how an authorisation server tells that something is wrong."""
        match fault.kind:
            case FaultKind.INVALID_GRANT:
                return OAuthRefusal("invalid_grant", "Token has been expired or revoked.").reply
            case FaultKind.UNAUTHORIZED:
                return OAuthRefusal(
                    "invalid_client", "The OAuth client was not found.", HTTPStatus.UNAUTHORIZED
                ).reply
            case FaultKind.FORBIDDEN:
                return OAuthRefusal("access_denied", "Account restricted", HTTPStatus.FORBIDDEN).reply
            case FaultKind.RATE_LIMITED:
                return json_reply(
                    {"error": "rate_limit_exceeded", "error_description": "Rate limit exceeded"},
                    HTTPStatus.TOO_MANY_REQUESTS,
                    {"Retry-After": str(fault.retry_after_s)},
                )
            case _:
                return OAuthRefusal(
                    "internal_failure", "Backend Error", HTTPStatus.INTERNAL_SERVER_ERROR
                ).reply

    def _authorize(self, request: Request) -> Reply:
        asked = self._asked(request)
        match self.consent:
            case Consent.ASK:
                return self._page(request, asked)
            case Consent.GRANT:
                return self._granted(asked, asked.scopes)
            case Consent.DENY:
                return _redirect(asked, error="access_denied")

    def _asked(self, request: Request) -> Asked:
        redirect = request.one("redirect_uri") or ""
        if request.one("client_id") != CLIENT_ID:
            raise OAuthRefusal("invalid_client", "The OAuth client was not found.", HTTPStatus.UNAUTHORIZED)
        if urlsplit(redirect).hostname not in _LOOPBACK:
            raise OAuthRefusal("redirect_uri_mismatch", "The redirect address must be on this machine.")
        if request.one("response_type") not in {"code", None}:
            raise OAuthRefusal("unsupported_response_type", "Only code is supported.")
        scopes = (request.one("scope") or "").replace(",", " ").split()
        if not scopes:
            raise OAuthRefusal("invalid_scope", "Missing required parameter: scope")
        return Asked(
            CLIENT_ID,
            redirect,
            tuple(scopes),
            request.one("state"),
            request.one("code_challenge"),
            request.one("code_challenge_method") or "plain",
            offline=request.one("access_type") == "offline",
            consent_again="consent" in (request.one("prompt") or ""),
        )

    def _page(self, request: Request, asked: Asked) -> Reply:
        rows = "".join(
            f'<p><label><input type="checkbox" name="scope" value="{html.escape(scope)}" checked> '
            f"{html.escape(scope)}</label>"
            for scope in asked.scopes
        )
        query = {name: values[-1] for name, values in request.query.items()}
        sealed = self._sealer.seal(_PURPOSE, query)
        text = _PAGE.format(
            client=html.escape(asked.client_id), action=self._answer_path, asked=sealed, scopes=rows
        )
        return html_reply(text)

    def _answered(self, request: Request) -> Reply:
        form = parse_qs(request.body.decode())
        try:
            query = self._sealer.open(_PURPOSE, form.get("asked", [""])[-1])
        except BadToken as error:
            raise OAuthRefusal("invalid_request", str(error)) from error
        asked = self._asked(Request("GET", request.path, {name: [value] for name, value in query.items()}))
        if form.get("answer") != ["grant"]:
            return _redirect(asked, error="access_denied")
        return self._granted(asked, tuple(form.get("scope", ())))

    def _granted(self, asked: Asked, scopes: tuple[str, ...]) -> Reply:
        allowed = frozenset(scopes) & frozenset(asked.scopes) - self.unticked
        code = self.authority.code(asked, allowed)
        return _redirect(asked, code=code, scope=self.authority.policy.separator.join(sorted(allowed)))

    def _token(self, request: Request) -> Reply:
        fields = request.fields()
        _check_client(request, fields)
        match fields.get("grant_type", "authorization_code"):
            case "authorization_code":
                tokens = self.authority.exchange(fields)
            case "refresh_token":
                tokens = self.authority.refresh(fields)
            case other:
                raise OAuthRefusal("unsupported_grant_type", f"Invalid grant_type: {other}")
        return json_reply(tokens, HTTPStatus.OK, {"Cache-Control": "no-store"})

    def _revoke(self, request: Request) -> Reply:
        token = request.one("token") or request.one("access_token") or request.fields().get("token", "")
        self.authority.revoke(token)
        return json_reply({})


def _check_client(request: Request, fields: Json) -> None:
    """Hold the client's name and secret, in the header or in the body, against the one that there is."""
    scheme, _, packed = request.headers.get("authorization", "").partition(" ")
    client, secret = fields.get("client_id"), fields.get("client_secret")
    if scheme.lower() == "basic":
        try:
            name, _, password = base64.b64decode(packed, validate=True).decode().partition(":")
        except (binascii.Error, ValueError) as error:
            raise OAuthRefusal("invalid_client", "Unauthorized", HTTPStatus.UNAUTHORIZED) from error
        client, secret = unquote(name), unquote(password)
    if client != CLIENT_ID or secret not in {CLIENT_SECRET, None}:
        raise OAuthRefusal("invalid_client", "Unauthorized", HTTPStatus.UNAUTHORIZED)
    if secret is None and "code_verifier" not in fields and "refresh_token" not in fields:
        raise OAuthRefusal("invalid_client", "client_secret is missing.", HTTPStatus.UNAUTHORIZED)


def _redirect(asked: Asked, **answer: str) -> Reply:
    if asked.state is not None:
        answer["state"] = asked.state
    mark = "&" if urlsplit(asked.redirect_uri).query else "?"
    return Reply(HTTPStatus.FOUND, headers={"Location": asked.redirect_uri + mark + urlencode(answer)})
