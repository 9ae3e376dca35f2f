"""Reads, merges, checks and explains ``crossdock.toml``, and the settings of applications likewise."""

from __future__ import annotations

from crossdock.config.loading import Loaded, load
from crossdock.config.model import Config
from crossdock.config.settings_file import read_settings
from crossdock.config.table import Duration, Expected, Flag, Table

__all__ = ["Config", "Duration", "Expected", "Flag", "Loaded", "Table", "load", "read_settings"]
