"""Jobs over HTTP: messages whose sender wants the outcome."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from crossdock.client.asynchronous.link import Call, Link
from crossdock.client.job import Job, job_of
from crossdock.domain.errors import CallFailed, CallTimedOut
from crossdock.domain.json_reading import failure_of
from crossdock.domain.message import AppId
from crossdock.domain.retry import Failure

_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0
_ACCEPTED: Final = 202


class Jobs:
    """The part of a client that lets apps do something."""

    _link: Link
    _app: AppId

    async def create_job(self, app: str, config: Any = None, *, priority: int | None = None) -> Job:
        """Let an app do something; returns when it is on the server's disk. Asked again, it is made once.

        Args:
            app: Who is to do it.
            config: What is to be done, as the app understands it: any JSON value.
            priority: 0 to 9; 9 is first. Default: 4.

        Raises:
            InvalidMessage: Something about it is wrong.
            QueueFull: The app's queue is as deep as it may be; nothing was stored.
        """
        wish = {"app": app, "config": config}
        if priority is not None:
            wish["priority"] = priority
        headers = {"Idempotency-Key": f'"{uuid.uuid4()}"'}
        call = Call("POST", "/jobs", {"from": self._app}, wish, headers=headers)
        return job_of((await self._link.ask(call))[1])

    async def job(self, job_id: str) -> Job:
        """Tell how far a job is.

        Raises:
            MessageNotFound: There is none.
        """
        return job_of((await self._link.ask(Call("GET", _path(job_id))))[1])

    async def results(self, job_id: str, *, wait: timedelta | None = None) -> Any:
        """Return what the app answered.

        Args:
            job_id: Of the job.
            wait: Wait so long for it to be finished; default: do not wait.

        Raises:
            CallFailed: It is a dead letter; its ``failure`` says why.
            CallTimedOut: It is not finished yet.
            MessageNotFound: There is none.
        """
        end = time.monotonic() + (wait or timedelta(0)).total_seconds()
        pause_s = _FIRST_PAUSE_S
        while True:
            status, document = await self._link.ask(Call("GET", f"{_path(job_id)}/results"))
            if status != _ACCEPTED:
                break
            left_s = end - time.monotonic()
            if left_s <= 0:
                app = (await self.job(job_id)).app
                raise CallTimedOut(f"job {job_id} of {app} is not finished", app=app, message_id=job_id)
            await asyncio.sleep(min(pause_s, left_s))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        failure: Failure | None = failure_of(document["error"])
        if failure is not None:
            raise CallFailed((await self.job(job_id)).app, job_id, failure)
        return document["result"]


def _path(job_id: str) -> str:
    return f"/jobs/{quote(job_id, safe='')}"
