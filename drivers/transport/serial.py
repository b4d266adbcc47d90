"""Serial ports, USB and Bluetooth classic (RFCOMM) alike, on pyserial."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping
from typing import Any, ClassVar

from drivers.base import Chunk, ChunkSink, Found, Link
from drivers.transport._settings import known_settings, whole_number
from fusion.errors import DeviceError

DEFAULT_BAUD = 921_600

_CURES = {
    errno.ENOENT: "There is no such port; plug the device in, or see the ports with 'tandem devices'",
    errno.EACCES: "There is no permission; add yourself to the group of the port (often 'dialout') and log in again",
    errno.EPERM: "There is no permission; add yourself to the group of the port (often 'dialout') and log in again",
    errno.EBUSY: "Another program holds the port; close it",
}


class SerialTransport:
    """Reaches wearables at a serial port. Setting: ``baud``."""

    name: ClassVar[str] = "serial"

    async def scan(self, seconds: float) -> tuple[Found, ...]:  # noqa: ARG002 - ports are known at once
        """Return the ports that the system lists."""
        from serial.tools.list_ports import comports

        ports = [port for port in comports() if port.hwid != "n/a"]
        return tuple(Found(self.name, port.device, f"{port.description} [{port.hwid}]") for port in ports)

    async def open(self, address: str, sink: ChunkSink, settings: Mapping[str, object]) -> Link:
        """Open a port such as ``/dev/ttyACM0`` or ``COM3``; see ``drivers.base.Transport``."""
        import serial
        import serial_asyncio_fast

        known_settings(self.name, settings, ("baud",))
        baud = whole_number(self.name, settings, "baud", DEFAULT_BAUD)
        loop = asyncio.get_running_loop()
        link = _SerialLink(sink, loop)
        try:
            link.transport, _ = await serial_asyncio_fast.create_serial_connection(
                loop, lambda: link, address, baudrate=baud, exclusive=True
            )
        except (serial.SerialException, OSError, ValueError) as cause:
            raise _explained(address, cause) from cause
        return link


class _SerialLink(asyncio.Protocol):
    """An open port; what is read is stamped before anything else happens."""

    def __init__(self, sink: ChunkSink, loop: asyncio.AbstractEventLoop) -> None:
        self.transport: Any = None
        self._sink = sink
        self._loop = loop
        self._why: asyncio.Future[str] = loop.create_future()

    def data_received(self, data: bytes) -> None:
        self._sink(Chunk("", data, self._loop.time()))

    def connection_lost(self, error: Exception | None) -> None:
        if not self._why.done():
            self._why.set_result(
                "the port was closed" if error is None else "the cable was pulled or the device reset"
            )

    async def subscribe(self, channel: str) -> None:
        """Do nothing: a port has one channel, which flows."""

    async def write(self, channel: str, data: bytes, *, response: bool = False) -> None:  # noqa: ARG002
        if self._why.done() or self.transport is None:
            raise DeviceError(f"cannot write to the port: {self._why.result() if self._why.done() else 'not open'}.")
        self.transport.write(data)

    async def read(self, channel: str) -> bytes:
        raise DeviceError(
            f"a serial port has no characteristic to read; got {channel!r}. This is a driver's mistake."
        )

    async def closed(self) -> str:
        return await asyncio.shield(self._why)

    async def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()
            self.transport = None  # a second close does nothing
        if not self._why.done():
            self._why.set_result("closed")
        await asyncio.sleep(0)  # the port is free when the loop has seen it


def _explained(address: str, cause: Exception) -> DeviceError:
    number = getattr(cause, "errno", None) or _errno_in(cause)
    if number in _CURES:
        return DeviceError(f"cannot open {address}. {_CURES[number]}.")
    told = " ".join(str(cause).split())
    return DeviceError(f"cannot open {address}: {told}. See the ports with 'tandem devices'.")


def _errno_in(cause: Exception) -> int | None:
    """Return the error number that pyserial put into words or into a cause."""
    text = str(cause)
    if "exclusively lock" in text:
        return errno.EBUSY
    return next((number for number in _CURES if f"[Errno {number}]" in text), None)


PLUGIN = SerialTransport
