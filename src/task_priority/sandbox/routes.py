"""Which function answers which path."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

from task_priority.sandbox.exchange import Reply

Handler: TypeAlias = Callable[..., Reply]
"""Called with the request, and the parameters of the path by name."""


class NoSuchPath(Exception):
    """Nothing is there; ``methods`` are those that the path has, if it exists."""

    def __init__(self, methods: frozenset[str]) -> None:
        super().__init__(
            "no such path" if not methods else f"the path takes only {', '.join(sorted(methods))}"
        )
        self.methods = methods


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path such as ``/tasks/{id}``, and who answers."""

    method: str
    template: str
    handler: Handler

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the parameters of a path that fits, else None."""
        wanted = self.template.split("/")
        if len(wanted) != len(segments):
            return None
        found = {}
        for want, segment in zip(wanted, segments, strict=True):
            if want.startswith("{"):
                found[want[1:-1]] = segment
            elif want != segment:
                return None
        return found


class Routes:
    """A table of routes; the first that fits answers, so plain paths stand before those with parameters."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = tuple(routes)

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]]:
        """Return who answers, and with which parameters.

        Args:
            method: In capitals.
            path: Percent-encoded: a slash inside a parameter is no separator.

        Raises:
            NoSuchPath: Nobody does.
        """
        segments = [unquote(segment) for segment in path.split("/")]
        methods = set()
        for route in self._routes:
            if (parameters := route.match(segments)) is not None:
                if route.method == method:
                    return route.handler, parameters
                methods.add(route.method)
        raise NoSuchPath(frozenset(methods))
