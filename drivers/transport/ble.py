"""Bluetooth Low Energy on bleak; its backend can be exchanged, so that a virtual radio serves as a real one does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from drivers.base import Chunk, ChunkSink, Found, Link
from drivers.transport._settings import no_settings
from fusion.errors import DeviceError

if TYPE_CHECKING:
    from bleak import BleakClient
    from bleak.backends.characteristic import BleakGATTCharacteristic
    from bleak.backends.device import BLEDevice

_ADDRESS = re.compile(r"^([0-9A-F]{2}:){5}[0-9A-F]{2}$|^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$", re.IGNORECASE)
"""A Bluetooth address, or the UUID that macOS gives a device instead."""

_OFF = {
    "NO_BLUETOOTH": "This computer has no Bluetooth radio; plug one in",
    "NO_BLE_CENTRAL_ROLE": "This radio knows classic Bluetooth only; plug in one with Bluetooth 4.2 or newer",
    "POWERED_OFF": "Bluetooth is switched off; switch it on",
    "DENIED_BY_USER": "Bluetooth was not allowed for this program; allow it in the system's settings",
    "DENIED_BY_SYSTEM": "The system's administrator does not allow Bluetooth; ask for the permission",
}


class BleTransport:
    """Reaches wearables over Bluetooth Low Energy.

    Parameters
    ----------
    client_backend, scanner_backend
        Classes of bleak's backend; None takes that of the operating system.
    allowed
        Addresses that may be connected to; empty allows all.
    find_s
        How long to look for a device before giving up.
    """

    name: ClassVar[str] = "ble"

    def __init__(
        self,
        client_backend: type[Any] | None = None,
        scanner_backend: type[Any] | None = None,
        allowed: Collection[str] = (),
        find_s: float = 5.0,
    ) -> None:
        self._client_backend = client_backend
        self._scanner_backend = scanner_backend
        self._allowed = frozenset(address.upper() for address in allowed)
        self._find_s = find_s
        self._seen: dict[str, BLEDevice] = {}
        # Adapters refuse a second connection attempt, and some a scan, while one is under way.
        self._one_at_a_time = asyncio.Lock()

    async def scan(self, seconds: float) -> tuple[Found, ...]:
        """Return what advertises, strongest first; raises DeviceError when there is no radio."""
        from bleak import BleakScanner

        async with self._one_at_a_time:
            try:
                told = await BleakScanner.discover(seconds, return_adv=True, **self._scanner())
            except Exception as cause:
                raise _explained("cannot scan for Bluetooth devices", cause) from cause
        found = []
        for device, told_by_it in told.values():
            self._seen[device.address.upper()] = device
            found.append(
                Found(
                    transport=self.name,
                    address=device.address,
                    name=told_by_it.local_name or device.name or "",
                    rssi_dbm=float(told_by_it.rssi),
                    services=tuple(uuid.lower() for uuid in told_by_it.service_uuids),
                    maker_data=dict(told_by_it.manufacturer_data),
                )
            )
        return tuple(sorted(found, key=lambda each: -each.rssi_dbm))

    async def open(self, address: str, sink: ChunkSink, settings: Mapping[str, object]) -> Link:
        """Connect to a Bluetooth address or an advertised name; see ``drivers.base.Transport``."""
        from bleak import BleakClient

        no_settings(self.name, settings)
        self._check_allowed(address)
        async with self._one_at_a_time:
            device = self._seen.get(address.upper()) or await self._find(address)
            self._check_allowed(device.address)
            link = _BleLink(sink)
            client = BleakClient(device, link.lost, timeout=10.0, backend=self._client_backend)
            try:
                await client.connect()
            except Exception as cause:
                self._seen.pop(address.upper(), None)
                raise _explained(f"cannot connect to {address}", cause) from cause
        link.client = client
        return link

    def _scanner(self) -> dict[str, Any]:
        return {} if self._scanner_backend is None else {"backend": self._scanner_backend}

    async def _find(self, address: str) -> BLEDevice:
        from bleak import BleakScanner

        matches: dict[str, BLEDevice] = {}
        heard = asyncio.Event()
        by_address = bool(_ADDRESS.match(address))

        def seen(device: BLEDevice, told: Any) -> None:  # noqa: ANN401 - bleak's AdvertisementData
            name = told.local_name or device.name or ""
            if (device.address.upper() == address.upper()) if by_address else name == address:
                matches[device.address.upper()] = device
                heard.set()

        try:
            async with BleakScanner(seen, **self._scanner()):
                await asyncio.wait_for(heard.wait(), self._find_s)
                if not by_address:  # a second one of the same name needs a moment to be heard
                    await asyncio.sleep(min(1.0, self._find_s))
        except TimeoutError as cause:
            raise DeviceError(
                f"{address} does not advertise. Switch it on, come closer, and disconnect it from phones and other "
                "programs: a wearable that is connected elsewhere is silent."
            ) from cause
        except Exception as cause:
            raise _explained(f"cannot look for {address}", cause) from cause
        if len(matches) > 1:
            listed = ", ".join(sorted(matches))
            raise DeviceError(
                f"{len(matches)} devices call themselves {address!r}: {listed}. Give the address instead."
            )
        device = next(iter(matches.values()))
        self._seen[address.upper()] = device
        return device

    def _check_allowed(self, address: str) -> None:
        if self._allowed and _ADDRESS.match(address) and address.upper() not in self._allowed:
            raise DeviceError(
                f"{address} is not on the list of allowed Bluetooth addresses. Add it to 'allow' in [bluetooth] of "
                "the lab file if it is yours."
            )


class _BleLink:
    """A connection; every notification is stamped before anything else happens."""

    def __init__(self, sink: ChunkSink) -> None:
        self.client: BleakClient | None = None
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        self._why: asyncio.Future[str] = self._loop.create_future()

    def lost(self, _client: BleakClient) -> None:
        """Note that bleak reported the end of the connection."""
        if not self._why.done():
            self._why.set_result("the Bluetooth link was lost")

    async def subscribe(self, channel: str) -> None:
        await self._do("subscribe to", channel, lambda client: client.start_notify(channel, self._heard))

    async def write(self, channel: str, data: bytes, *, response: bool = False) -> None:
        await self._do("write to", channel, lambda client: client.write_gatt_char(channel, data, response=response))

    async def read(self, channel: str) -> bytes:
        return bytes(await self._do("read", channel, lambda client: client.read_gatt_char(channel)))

    async def closed(self) -> str:
        return await asyncio.shield(self._why)

    async def close(self) -> None:
        client, self.client = self.client, None
        if client is not None:
            try:
                await client.disconnect()
            except Exception as cause:  # noqa: BLE001 - every backend has its own; the link is gone in any case
                self._end(f"the Bluetooth link ended: {cause}")
        self._end("closed")

    def _end(self, why: str) -> None:
        if not self._why.done():
            self._why.set_result(why)

    def _heard(self, characteristic: BleakGATTCharacteristic, data: bytearray) -> None:
        now_s = self._loop.time()
        self._sink(Chunk(characteristic.uuid, bytes(data), now_s))

    async def _do(self, what: str, channel: str, work: Any) -> Any:  # noqa: ANN401 - bleak's own types
        if self.client is None:
            raise DeviceError(f"cannot {what} {channel}: the link is closed. Connect again.")
        try:
            return await work(self.client)
        except Exception as cause:
            # After an unsolicited drop bleak says that services were not discovered: that too is a lost link.
            if not self.client.is_connected:
                self._end("the Bluetooth link was lost")
            raise _explained(f"cannot {what} {channel}", cause) from cause


def _explained(what: str, cause: Exception) -> DeviceError:
    """Return the error that says what, why and what to do."""
    if isinstance(cause, DeviceError):
        return cause
    kind = type(cause).__name__
    reason = getattr(getattr(cause, "reason", None), "name", "")
    if reason in _OFF:
        return DeviceError(f"{what}. {_OFF[reason]}.")
    if kind == "BleakBluetoothNotAvailableError" or isinstance(cause, FileNotFoundError):
        return DeviceError(
            f"{what}: no Bluetooth service answers. Switch Bluetooth on, or start the system's service."
        )
    if kind == "BleakDeviceNotFoundError":
        return DeviceError(
            f"{what}: it does not answer. Switch it on and disconnect it from phones and other programs."
        )
    if kind == "BleakCharacteristicNotFoundError":
        return DeviceError(
            f"{what}: the device has no such characteristic. It is another model or has other firmware."
        )
    if isinstance(cause, TimeoutError):
        return DeviceError(f"{what}: no answer in time. Come closer, or switch the device off and on.")
    told = " ".join(str(cause).split()) or kind
    return DeviceError(f"{what}: {told}. Switch the device off and on; if it stays, the radio too.")


PLUGIN = BleTransport
