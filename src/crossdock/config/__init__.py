"""Reads, merges, checks and explains ``crossdock.toml``."""

from __future__ import annotations

from crossdock.config.loading import Loaded, load
from crossdock.config.model import Config

__all__ = ["Config", "Loaded", "load"]
