"""``crossdock api``: the door for programs in any language."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from crossdock.cli.commands.worker import DrainOption
from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.help import described, new_command
from crossdock.cli.options import with_session
from crossdock.cli.refusal import Refusal
from crossdock.cli.session import Session

app = new_command()

_LIBRARIES: Final = ("fastapi", "uvicorn", "starlette", "backports")


@app.command(**described("crossdock api", "CROSSDOCK_API__PORT=8080 crossdock api"))
@with_session
def api(
    session: Session,
    *,
    drain: DrainOption = None,
    until_eof: Annotated[bool, typer.Option("--until-eof", hidden=True)] = False,
) -> None:
    """Serve the REST API until SIGTERM or Ctrl-C; every request that was taken is answered.

    It listens where [api] says, on this machine alone unless that says otherwise. If there is no key yet, one is made
    and written to a file beside the store.
    """
    try:
        from crossdock.api.serving import serve
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _LIBRARIES:
            raise
        raise Refusal(
            f"the API needs {missing.name}; install it with: pip install 'crossdock[api]'", ExitCode.CONFIG
        ) from missing
    from crossdock.monitoring.logs import set_up
    from crossdock.monitoring.settings import LogSettings

    session.store_name  # noqa: B018 - refuses a store in memory
    set_up(LogSettings.of(session.loaded, "api"))
    serve(session.loaded, drain=drain or session.loaded.config.run.drain, until_eof=until_eof)
