"""API6:2023, unrestricted access to sensitive business flows: asking twice does nothing twice, nor past a limit."""

from __future__ import annotations

import threading

from tests.api.served import Served


def test_a_message_that_is_sent_many_times_at_once_is_one(api: Served) -> None:
    api.ask("GET", "/queues")
    rows: list[int] = []
    threads = [
        threading.Thread(target=lambda: rows.append(api.send({"order": 1}).json["rows"][0]["row_id"]))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(rows), len(set(rows))) == (20, 1)
    assert len(api.queue.list()) == 1


def test_a_queue_is_never_deeper_than_it_may_be(api: Served) -> None:
    api.queue.set_rules("validator", max_depth=3)
    answers = [api.send({}, id=str(number)).status for number in range(6)]
    assert answers == [202, 202, 202, 429, 429, 429]


def test_two_workers_never_have_one_message(api: Served) -> None:
    for number in range(50):
        api.queue.send("app", number)
    api.ask("GET", "/queues")
    taken: list[str] = []

    def work() -> None:
        while found := api.ask("POST", "/queues/app/claim", {"limit": 3}).json["deliveries"]:
            taken.extend(one["message"]["id"] for one in found)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), len(set(taken))) == (50, 50)
