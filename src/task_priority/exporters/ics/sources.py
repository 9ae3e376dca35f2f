"""Where calendars come from: feeds by their secret address, files and folders of files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_SCHEMES = {"webcal": "https", "webcals": "https", "https": "https", "http": "http"}


@dataclass(frozen=True, slots=True)
class Source:
    """One feed, file or folder.

    Attributes:
        name: What its owner calls it; it is in ids, errors and lists, and so is not secret.
        address: A URL, which may be secret and is never shown, or a path.
        private: Whether a feed may be on a private network or on this machine.

    Raises:
        ValueError: The name is empty, or the address has another scheme or no host; the words do not tell it.
    """

    name: str
    address: str = field(repr=False)
    private: bool = False

    def __post_init__(self) -> None:
        if not self.name or ":" in self.name:
            raise ValueError(f"{self.name!r} is no name of a calendar: it is empty or has a colon")
        if "://" not in self.address:
            return
        try:
            parts = urlsplit(self.address)
        except ValueError:
            raise ValueError(f"the address of {self.name!r} cannot be read") from None
        if parts.scheme.lower() not in _SCHEMES or not parts.hostname:
            raise ValueError(
                f"the address of {self.name!r} is neither webcal://, https:// nor http:// with a host"
            )

    @property
    def url(self) -> str | None:
        """The address that is asked, if it is a feed."""
        scheme, there, rest = self.address.strip().partition("://")
        return f"{_SCHEMES[scheme.lower()]}://{rest}" if there else None

    @property
    def path(self) -> Path:
        """The file or folder, if it is no feed."""
        return Path(self.address).expanduser()
