"""API9:2023, improper inventory management: the document names every operation there is, under one version."""

from __future__ import annotations

from starlette.routing import Route

from tests.api.served import Served


def test_every_route_is_in_the_document_and_under_one_version(shared_api: Served) -> None:
    document = shared_api.ask("GET", "/openapi.json").json
    declared = shared_api.application.state.crossdock.declared
    documented = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert documented == {(one.method, f"/api/v1{one.path.replace(':path', '')}") for one in declared}


def test_the_application_has_no_route_beside_them(shared_api: Served) -> None:
    assert [route for route in shared_api.application.routes if type(route) is Route] == []


def test_the_usual_places_of_documents_and_tools_are_empty(shared_api: Served) -> None:
    for path in (
        "/docs",
        "/redoc",
        "/openapi.json",
        "/metrics",
        "/debug",
        "/admin",
        "/",
        "/api",
        "/api/v2/messages",
    ):
        answer = shared_api.ask("GET", f"/../..{path}" if path.startswith("/api") else f"/x{path}")
        assert answer.status == 404
