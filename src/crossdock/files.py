"""Files for applications that read files: there whole or not at all, each with its manifest and a latest copy."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from crossdock.adapters.file.content import content_of_one
from crossdock.adapters.file.outbound import label_of, style_of
from crossdock.adapters.file.outbound_settings import FileOutbound
from crossdock.adapters.file.tree import tree_of
from crossdock.adapters.file.writing import Writer
from crossdock.domain.message import check_app


def write_document(  # noqa: PLR0913 - what a file's name and manifest say, by keyword
    folder: Path,
    document: Any,  # noqa: ANN401 - any JSON value
    *,
    app: str,
    type: str,
    now: datetime,
    rows: int | None = None,
    latest: str | None = None,
    schema_version: str | None = None,
) -> Path:
    """Write a JSON document as an app with ``outbound = { file = … }`` would; return where it is.

    Args:
        folder: Made if it is not there; the file goes to a folder of its day in it.
        document: Any JSON value.
        app: The first part of the file's name.
        type: The second part.
        now: Aware; the day is that in UTC.
        rows: For the manifest: how many things the document lists; None: the elements of an array, 1 of anything else.
        latest: The name of a copy of the newest file, replaced in one step.
        schema_version: For the manifest.

    Raises:
        InvalidMessage: The document is no JSON, or a name cannot be one.
        NotConnected: The folder may not be written.
        TransientError: The disk is full or broken.
    """
    settings = FileOutbound.model_validate(
        {"file": str(folder), "type": type, "latest": latest, "schema_version": schema_version}
    )
    tree = tree_of(settings.file, above=Path.cwd())
    writer = Writer(tree, label_of(settings, check_app(app)))
    writer.connect(now)
    content = content_of_one(document, style_of(settings))
    for error in content.refused.values():
        raise error
    return tree.root / writer.put(content.pieces, content.row_count if rows is None else rows, now).file
