"""Virtual Bluetooth LE: devices and a host on Bumble's emulated controllers, reached through unmodified bleak.

No radio, no system service. ``BumbleAir`` is the air; its ``client_backend`` and ``scanner_backend`` are backends of
bleak 3 that ``drivers.transport.ble`` takes instead of the operating system's. Every call of the driver then goes
through bleak, ATT, L2CAP and HCI as with a real adapter. Packets wait for the connection events of ``radio``.

Source: Bumble (google.github.io/bumble), bleak 3 ``BaseBleakClient`` and ``BaseBleakScanner``.
"""

# ruff: noqa: ANN401, ARG002 - what passes here is typed by bleak and Bumble, or not at all
from __future__ import annotations

import asyncio
import uuid as uuids
from collections.abc import Callable, Mapping
from typing import Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError
from bumble import core, hci
from bumble.controller import Controller
from bumble.core import AdvertisingData
from bumble.device import Device, DeviceConfiguration, Peer
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.host import Host
from bumble.link import LocalLink

from drivers.sim.base import Out, TwinHost
from drivers.sim.radio import ConnectionEvents

MTU = 247
_AIR_PACKET = 251
_PROPERTIES = {
    "read": Characteristic.Properties.READ,
    "write": Characteristic.Properties.WRITE,
    "write-without-response": Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
    "notify": Characteristic.Properties.NOTIFY,
    "indicate": Characteristic.Properties.INDICATE,
}
_ADVERTISED_EVERY_MS = 100
_RSSI_DBM = -55
_HOST_ADDRESS = "F0:F0:F0:F0:F0:01"


class _Events(LocalLink):
    """Delivers data at the connection events of the peripheral that is concerned."""

    def __init__(self, events: Mapping[str, ConnectionEvents]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._events = events

    def send_acl_data(
        self,
        sender_controller: Any,
        destination_address: Any,
        transport: Any,
        data: bytes,
    ) -> None:
        receiver = self.find_le_controller(destination_address)
        if receiver is None:
            return
        # The address by which the receiver knows this connection; random addresses may have rotated since.
        connection = sender_controller.le_connections.get(destination_address)
        source = connection.self_address if connection is not None else sender_controller.random_address
        ours, theirs = _plain(source), _plain(destination_address)
        name, direction = (ours, "up") if ours in self._events else (theirs, "down")
        events = self._events.get(name)
        loop = asyncio.get_running_loop()
        when_s = events.arrives_s(direction, loop.time()) if events is not None else loop.time()
        loop.call_at(when_s, receiver.on_link_acl_data, source, transport, data)


class BumbleAir:
    """The air between virtual devices and one virtual host.

    Parameters
    ----------
    hosts
        Bluetooth address -> virtual device.
    events
        Address -> its radio; the others deliver at once.
    """

    def __init__(self, hosts: Mapping[str, TwinHost], events: Mapping[str, ConnectionEvents] | None = None) -> None:
        self.hosts = {address.upper(): host for address, host in hosts.items()}
        self._link = _Events({address.upper(): value for address, value in (events or {}).items()})
        self._peripherals: dict[str, _Peripheral] = {}
        self.central: Any = None
        self.connecting = asyncio.Lock()

    async def start(self) -> None:
        """Switch everything on."""
        self.central = _device(self._link, "host", _HOST_ADDRESS)
        await self.central.power_on()
        for address, host in self.hosts.items():
            self._peripherals[address] = _Peripheral(self._link, address, host)
            await self._peripherals[address].start()

    async def drop(self, address: str) -> None:
        """Let a device lose its link, as one that goes out of reach."""
        await self._peripherals[address.upper()].disconnect()

    @property
    def client_backend(self) -> type[BaseBleakClient]:
        """Return bleak's client backend on this air."""
        return type("BumbleClient", (_Client,), {"air": self})

    @property
    def scanner_backend(self) -> type[BaseBleakScanner]:
        """Return bleak's scanner backend on this air."""
        return type("BumbleScanner", (_Scanner,), {"air": self})


class _Peripheral:
    """One virtual device on the air: carries what its twin sends and receives."""

    def __init__(self, link: LocalLink, address: str, host: TwinHost) -> None:
        self._host = host
        self._device = _device(link, host.twin.profile.name or "device", address)
        self._connection: Any = None
        self._subscribed: set[str] = set()
        self._characteristics: dict[str, Characteristic[Any]] = {}

    async def start(self) -> None:
        """Show the services and advertise."""
        profile = self._host.twin.profile
        for uuid, listed in profile.services.items():
            made = [self._characteristic(each.uuid, each.properties) for each in listed]
            self._device.add_service(Service(core.UUID(uuid), made))
        # 31 bytes do not hold a service of 128 bits and a name; these devices are told apart by their names.
        name = (AdvertisingData.Type.COMPLETE_LOCAL_NAME, profile.name.encode())
        self._device.advertising_data = bytes(AdvertisingData([(AdvertisingData.Type.FLAGS, b"\x06"), name]))
        self._device.on("connection", self._connected)
        await self._device.power_on()
        await self._device.start_advertising(auto_restart=True)

    async def disconnect(self) -> None:
        """End the connection, if there is one."""
        if self._connection is not None:
            await self._connection.disconnect()

    def _characteristic(self, uuid: str, properties: tuple[str, ...]) -> Characteristic[Any]:
        flags = Characteristic.Properties(0)
        for name in properties:
            flags |= _PROPERTIES[name]
        permissions = Characteristic.READABLE | Characteristic.WRITEABLE
        value = CharacteristicValue(
            read=lambda _: self._host.twin.value(uuid), write=lambda _, data: self._host.write(uuid, bytes(data))
        )
        made: Characteristic[Any] = Characteristic(core.UUID(uuid), flags, permissions, value)
        made.on(
            "subscription", lambda _, notify, indicate: self._subscription(uuid, on=bool(notify) or bool(indicate))
        )
        self._characteristics[uuid] = made
        return made

    def _subscription(self, uuid: str, *, on: bool) -> None:
        (self._subscribed.add if on else self._subscribed.discard)(uuid)

    def _connected(self, connection: Any) -> None:
        self._connection = connection
        connection.on("disconnection", self._disconnected)
        self._host.attach(self._send, MTU)

    def _disconnected(self, *_: object) -> None:
        self._connection = None
        self._subscribed.clear()
        self._host.detach()

    def _send(self, out: Out) -> None:
        if self._connection is None or out.channel not in self._subscribed:
            self._host.unsent += 1
            return
        server = self._device.gatt_server
        task = asyncio.ensure_future(
            server.notify_subscriber(self._connection, self._characteristics[out.channel], out.data)
        )
        task.add_done_callback(lambda done: done.cancelled() or done.exception())


class _Scanner(BaseBleakScanner):
    """bleak's scanner on the virtual air."""

    air: BumbleAir

    def __init__(self, detection_callback: Any, service_uuids: Any, scanning_mode: Any, **_: Any) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        self.seen_devices = {}
        self.air.central.on("advertisement", self._heard)
        if not self.air.central.scanning:
            await self.air.central.start_scanning(filter_duplicates=False)

    async def stop(self) -> None:
        self.air.central.remove_listener("advertisement", self._heard)
        if self.air.central.scanning:
            await self.air.central.stop_scanning()

    def _heard(self, told: Any) -> None:
        address = _plain(told.address)
        names = [d for kind, d in told.data.ad_structures if kind == AdvertisingData.Type.COMPLETE_LOCAL_NAME]
        name = names[0].decode("utf-8", "replace") if names else None
        data = AdvertisementData(name, {}, {}, [], None, _RSSI_DBM, (told,))
        device = self.create_or_update_device(address, address, name, told.address, data)
        self.call_detection_callbacks(device, data)


class _Client(BaseBleakClient):
    """bleak's client on the virtual air."""

    air: BumbleAir

    def __init__(self, address_or_ble_device: Any, **settings: Any) -> None:
        super().__init__(
            address_or_ble_device,
            disconnected_callback=settings.get("disconnected_callback"),
            timeout=settings.get("timeout", 10.0),
        )
        self._connection: Any = None
        self._mtu = 23
        self._heard: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """Return the address; names belong to the scan."""
        return self.address

    @property
    def mtu_size(self) -> int:
        return self._mtu

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool = False, **_: Any) -> None:
        async with self.air.connecting:
            try:
                self._connection = await self.air.central.connect(hci.Address(self.address), timeout=self._timeout)
            except (core.TimeoutError, TimeoutError) as cause:
                raise BleakDeviceNotFoundError(self.address, f"{self.address} was not found") from cause
        self._connection.on("disconnection", self._lost)
        peer = Peer(self._connection)
        self._mtu = await peer.request_mtu(MTU)
        await peer.discover_services()
        found = BleakGATTServiceCollection()
        for service in peer.services:
            await service.discover_characteristics()
            shown = BleakGATTService(service, service.handle, _uuid(service.uuid))
            found.add_service(shown)
            for each in service.characteristics:
                await each.discover_descriptors()
                names: Any = [name for name, flag in _PROPERTIES.items() if each.properties & flag]
                found.add_characteristic(
                    BleakGATTCharacteristic(each, each.handle, _uuid(each.uuid), names, lambda: self._mtu - 3, shown)
                )
        self.services = found

    async def disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.disconnect()

    async def pair(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError

    async def unpair(self) -> None:
        raise NotImplementedError

    async def read_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        *,
        use_cached: bool = False,
        **_: Any,
    ) -> bytearray:
        return bytearray(await characteristic.obj.read_value())

    async def read_gatt_descriptor(self, descriptor: Any, *, use_cached: bool = False, **_: Any) -> bytearray:
        return bytearray(await descriptor.obj.read_value())

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: Any, response: bool) -> None:
        await characteristic.obj.write_value(bytes(data), with_response=response)

    async def write_gatt_descriptor(self, descriptor: Any, data: Any) -> None:
        await descriptor.obj.write_value(bytes(data), with_response=True)

    async def start_notify(
        self,
        characteristic: BleakGATTCharacteristic,
        callback: Callable[[bytearray], None],
        **_: Any,
    ) -> None:
        def heard(value: bytes) -> None:
            callback(bytearray(value))

        self._heard[characteristic.handle] = heard
        await characteristic.obj.subscribe(heard, prefer_notify=True)

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        await characteristic.obj.unsubscribe(self._heard.pop(characteristic.handle))

    def _lost(self, *_: object) -> None:
        self._connection = None
        if self._disconnected_callback is not None:
            self._disconnected_callback()


def _device(link: LocalLink, name: str, address: str) -> Any:
    controller = Controller(name, link=link)
    controller.le_acl_data_packet_length = _AIR_PACKET
    host = Host()
    host.controller = controller
    interval = _ADVERTISED_EVERY_MS
    settings = DeviceConfiguration(
        name=name, address=hci.Address(address), advertising_interval_min=interval, advertising_interval_max=interval
    )
    return Device(config=settings, host=host)


def _plain(address: Any) -> str:
    return str(address).split("/", maxsplit=1)[0].upper()


def _uuid(uuid: Any) -> str:
    data = bytes(uuid.to_bytes(force_128=True))
    return str(uuids.UUID(bytes=data[::-1]))
