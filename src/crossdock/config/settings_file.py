"""Files of settings that applications have: read and checked as ``crossdock.toml`` is."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from crossdock.config.layers import Layers, read_file
from crossdock.config.problems import Place, describe
from crossdock.config.table import Table
from crossdock.domain.errors import ConfigError

T = TypeVar("T", bound=Table)


def read_settings(file: Path, model: type[T]) -> T:
    """Read and check a TOML file.

    Args:
        file: Its name is that in the errors.
        model: What may stand in it; every table in it is a ``Table``, too.

    Raises:
        ConfigError: It cannot be read, or something in it is wrong; the message has a line for each thing: file, key,
            what is expected, what is given, and the nearest name.
    """
    layers = Layers()
    layers.put((), read_file(file, str(file)), str(file))
    try:
        return model.model_validate(layers.tree)
    except ValidationError as error:
        raise ConfigError("\n".join(describe(error, layers.origins, Place(model)))) from error
