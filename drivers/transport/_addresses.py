"""Network addresses in words: ``host:port``, with the loopback as the host when only a port is given."""

from __future__ import annotations

from fusion.errors import UsageError

LOOPBACK = "127.0.0.1"


def host_and_port(address: str) -> tuple[str, int]:
    """Return host and port of ``host:port`` or ``port``; the host is the loopback when it is left out.

    Raises
    ------
    UsageError
        There is no port from 1 to 65535.
    """
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise UsageError(f"a network address is host:port with a port from 1 to 65535; got {address!r}.")
    return host.strip("[]") or LOOPBACK, int(port)
