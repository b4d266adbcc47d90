"""The three libraries that only the report needs, imported when the first report is made."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from fusion.errors import UsageError


class MissingDependency(UsageError):  # noqa: N818 - named after what is missing
    """A library that the report needs is not installed."""


def require(module: str) -> Any:  # noqa: ANN401 - a module
    """Return a library of the ``report`` extra.

    Raises
    ------
    MissingDependency
        It is not installed; the message says how to install it.
    """
    try:
        return import_module(module)
    except ImportError as cause:
        raise MissingDependency(
            f"a report needs the library {module!r}, which is not installed. "
            'Install it: pip install "tandem-gait[report]".'
        ) from cause
