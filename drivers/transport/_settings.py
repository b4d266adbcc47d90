"""Check the settings of a transport: what is not known is refused, so that a typo does not pass for a default."""

from __future__ import annotations

from collections.abc import Mapping

from fusion.errors import UsageError


def no_settings(transport: str, settings: Mapping[str, object]) -> None:
    """Raise UsageError when there are settings."""
    known_settings(transport, settings, ())


def known_settings(transport: str, settings: Mapping[str, object], known: tuple[str, ...]) -> None:
    """Raise UsageError when there is a setting that is not known."""
    unknown = sorted(set(settings) - set(known))
    if unknown:
        takes = f"takes {', '.join(known)}" if known else "takes no settings"
        raise UsageError(f"transport {transport!r} {takes}; got {unknown[0]!r}. Correct or remove it.")


def whole_number(transport: str, settings: Mapping[str, object], name: str, default: int) -> int:
    """Return a setting that must be a whole number above 0."""
    value = settings.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise UsageError(f"{name} of transport {transport!r} must be a whole number above 0; got {value!r}.")
    return value
