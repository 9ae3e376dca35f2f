"""Trouble is told once, and again when it is another or came back."""

from __future__ import annotations

from crossdock.hub.troubles import Troubles


def test_the_same_is_told_once_whatever_its_numbers() -> None:
    troubles = Troubles()
    assert troubles.is_news("12 MiB are free")
    assert not troubles.is_news("9 MiB are free")
    assert troubles.is_news("it is read-only")


def test_what_is_over_is_news_when_it_comes_back() -> None:
    troubles = Troubles()
    assert troubles.is_news("away")
    troubles.is_over()
    assert troubles.is_news("away")


def test_each_thing_has_its_own_and_what_is_known_of_any_is_known() -> None:
    troubles = Troubles()
    assert not troubles.is_known("away")
    assert troubles.is_news("away", "one")
    assert troubles.is_known("away")
    assert troubles.is_news("away", "other")
