"""Find a plugin by the name of its module; nothing is imported before it is asked for.

A family is a package such as ``fusion.events``. Each module in it that does not start with an underscore and
is not called ``base`` is one plugin, and defines ``PLUGIN``: a class or a function that makes one.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from fusion.errors import UsageError


def names(family: str) -> tuple[str, ...]:
    """Return the plugin names of a family, such as ``"fusion.events"``, sorted."""
    package = import_module(family)
    found = (module.name for module in iter_modules(package.__path__))
    return tuple(sorted(name for name in found if name != "base" and not name.startswith("_")))


def load(family: str, name: str, **settings: Any) -> Any:  # noqa: ANN401 - each family has its own Protocol
    """Return plugin ``name`` of ``family``, configured with ``settings``.

    Raises
    ------
    UsageError
        There is no such plugin, or it has no such setting; the message lists what there is.
    """
    known = names(family)
    if name not in known:
        raise UsageError(f"there is no {name!r} in {family}; there are {', '.join(known)}.")
    factory = import_module(f"{family}.{name}").PLUGIN
    try:
        return factory(**settings)
    except TypeError as cause:
        raise UsageError(f"plugin {name!r} of {family} does not take these settings: {cause}.") from cause
