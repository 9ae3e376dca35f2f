"""Holds rows against the JSON Schema that the manifest names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final, NoReturn

from crossdock.adapters.file.fault import FileFault
from crossdock.domain.errors import ConfigError

_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_MOST_ISSUES: Final = 20


class Schemas:
    """The schemas of a folder: ``<schema_version>.json`` each.

    Args:
        folder: Is read when a manifest names a schema.

    Raises:
        ConfigError: The library that checks is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            import jsonschema_rs  # noqa: PLC0415 - only who has schemas needs it
        except ImportError as error:
            raise ConfigError(
                "schemas: to check files against JSON Schemas Crossdock needs another package; "
                "install it with: pip install 'crossdock[schemas]'"
            ) from error
        self._library = jsonschema_rs
        self._folder = folder

    def of(self, version: str | int | None) -> Schema | None:
        """Return the schema of a version; None: a manifest names none.

        Raises:
            FileFault: There is no such schema, or it is none.
        """
        if version is None:
            return None
        path = self._folder / f"{version}.json"
        if not _VERSION.fullmatch(str(version)):
            raise self._unknown(version, path, "letters, digits, '.', '_' and '-'")
        try:
            return Schema(self._library.validator_for(json.loads(path.read_bytes()), retriever=_refuse))
        except FileNotFoundError as error:
            raise self._unknown(version, path, f"one of {self._known()}") from error
        except (OSError, ValueError) as error:
            why = str(error).partition("\n")[0]  # the library goes on for lines
            issue = f"the schema {path} cannot be used: {why}"
            raise FileFault("schema_version", issue, given=version, advice=_ADVICE) from error

    def _unknown(self, version: str | int, path: Path, expected: str) -> FileFault:
        issue = f"there is no schema {version!r}: {path} is not there"
        return FileFault("schema_version", issue, expected=expected, given=version, advice=_ADVICE)

    def _known(self) -> str:
        names = sorted(path.stem for path in self._folder.glob("*.json"))
        return ", ".join(names) or f"the schemas in {self._folder}, which has none"


class Schema:
    """One schema.

    Args:
        validator: Of the library.
    """

    def __init__(self, validator: Any) -> None:
        self._validator = validator

    def issues(self, row: Any) -> tuple[tuple[str, str], ...]:
        """Return what is wrong with a row, as pairs of (field, issue); none if it follows the schema."""
        try:
            if self._validator.is_valid(row):
                return ()
            found = self._validator.iter_errors(row)
            issues = [
                (_field(error.instance_path), error.message)
                for error, _ in zip(found, range(_MOST_ISSUES), strict=False)
            ]
        except ValueError as error:  # such as a pattern that takes too long
            return (("", f"cannot be checked: {error}"),)
        return tuple(issues) or (("", "does not follow the schema"),)


_ADVICE: Final = "put the schema into the folder of schemas, or correct schema_version in the manifest"


def _field(path: list[str | int]) -> str:
    return ".".join(map(str, path))


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is not read: a schema stands for itself")
