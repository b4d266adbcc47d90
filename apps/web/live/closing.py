"""Recordings that a stop of the server cut off: they open, and say that they were cut."""

from __future__ import annotations

from apps.index.library import Library


def close_unfinished(library: Library) -> int:
    """Take up recordings that were being made when the server stopped, and return how many."""
    return library.refresh(by="restart")
