"""The Tandem wearable, our own open one, over Bluetooth LE or a serial line.

Source: hardware/protocol/SPEC.md; what can go wrong and what then happens stands in its section 7.

- Every sample carries the data-ready stamp of a 64-bit microsecond counter and a number: losses are exact.
- A ping pins the clock from both sides; edges of the sync jack, the LED and the button come as marks.
- A calibration that is stored on the device is read at the start and applied here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from itertools import count
from typing import ClassVar

import numpy as np

from drivers.base import DeviceInfo, Found, Packet, Reply, Session
from drivers.devices._packets import among, rate_among, transport_among
from drivers.devices._tandem_decoder import OTHER_VERSION, TandemDecoder
from drivers.protocols import tandem
from drivers.protocols.tandem import Command, Result, State
from drivers.protocols.tandem_frames import seal, to_serial
from fusion.errors import DeviceError, UsageError

_TIMEOUT_S = {"ble": 0.35, "serial": 0.25, "tcp": 0.25}
_TRIES = 4
_CURES = {
    Result.IMU_FAILURE: "Switch it off and on; if it comes again, run its self-test.",
    Result.LINK_TOO_NARROW: "Use a Bluetooth adapter that negotiates an MTU of 48 bytes or more.",
    Result.BUSY: "Its self-test is running; wait two seconds.",
    Result.STORAGE_FAILURE: "Its memory refuses; try once more, then replace the board.",
    Result.NOT_SUPPORTED: "This board cannot do it.",
}


@dataclass(frozen=True, slots=True)
class TandemImu:
    """A Tandem wearable.

    Attributes
    ----------
    rate_hz, accel_range_g, gyro_range_dps
        Sampling rate and full scales that are set.
    batch
        Samples per packet, 1 to 16; 0 is 8 over Bluetooth and 1 at a port.
    led_seed
        Not 0: the LED and the sync output flash with dithered spacing from this seed.
    calibrated
        Apply the calibration that the device stores.
    """

    rate_hz: float = 100.0
    transport: str = "ble"
    accel_range_g: float = 16.0
    gyro_range_dps: float = 2000.0
    batch: int = 0
    led_seed: int = 0
    led_width_ms: int = 100
    calibrated: bool = True
    _numbers: count[int] = field(default_factory=lambda: count(1), repr=False, compare=False)
    _started: dict[int, int] = field(default_factory=dict, repr=False, compare=False)

    info: ClassVar[DeviceInfo] = DeviceInfo(
        title="Tandem wearable",
        transports=("ble", "serial", "tcp"),
        rates_hz=tuple(float(rate) for rate in tandem.RATES_HZ),
        tested_against=("specification", "its own firmware in an emulator", "simulator"),
        has_counter=True,
        has_checksum=True,
        has_battery=True,
        answers_pings=True,
        notes="hardware/README.md says how to build one; no built one has been tested yet",
    )

    def __post_init__(self) -> None:
        """Check what cannot be meant."""
        rate_among(self.info.rates_hz, self.rate_hz, "tandem_imu")
        transport_among(self.info.transports, self.transport, "tandem_imu")
        among("accel_range_g", tandem.ACCEL_FULL_SCALE_G, self.accel_range_g, "tandem_imu")
        among("gyro_range_dps", tandem.GYRO_FULL_SCALE_DPS, self.gyro_range_dps, "tandem_imu")
        if not 0 <= self.batch <= tandem.MAX_BATCH:
            raise UsageError(f"batch of device 'tandem_imu' must lie between 0 and 16; got {self.batch}.")

    @property
    def accel_range_mps2(self) -> float:
        """Full scale that is set, m/s^2."""
        return self.accel_range_g * tandem.GRAVITY_MPS2

    @property
    def gyro_range_radps(self) -> float:
        """Full scale that is set, rad/s."""
        return float(np.radians(self.gyro_range_dps))

    def recognises(self, found: Found) -> bool:
        """Say whether it advertises the service or bears the name."""
        return tandem.SERVICE in found.services or found.name.startswith("Tandem-")

    def decoder(self) -> TandemDecoder:
        """Return a fresh decoder."""
        return TandemDecoder(self.rate_hz, calibrated=self.calibrated)

    async def start(self, link: Session) -> None:
        """Set the device up and let it stream; one that went on streaming over a lost link is left to it.

        Raises
        ------
        DeviceError
            It does not answer as a Tandem wearable, speaks another version, or refuses a setting.
        """
        for channel in (tandem.REPLY_CHANNEL, tandem.STREAM_CHANNEL):
            await link.subscribe(channel)
        identity, state = await self._identify(link)
        if state == State.STREAMING and self._started.get(identity.serial_number) == identity.boot_count:
            return
        await self.ask(link, Command.STOP)
        if self.calibrated:
            await self.ask(link, Command.READ_CALIBRATION, accept=(Result.OK, Result.NO_DATA, Result.NOT_SUPPORTED))
        await self.ask(link, Command.SET_RATE, struct.pack("<H", int(self.rate_hz)))
        ranges = (
            tandem.ACCEL_FULL_SCALE_G.index(self.accel_range_g),
            tandem.GYRO_FULL_SCALE_DPS.index(self.gyro_range_dps),
        )
        await self.ask(link, Command.SET_RANGE, bytes(ranges))
        await self.ask(link, Command.SET_BATCH, bytes([self.batch or (8 if self.transport == "ble" else 1)]))
        if self.led_seed:
            await self.ask(link, Command.SYNC, struct.pack("<BBHI", 2, 0, self.led_width_ms, self.led_seed))
        await self.ask(link, Command.START)
        self._started[identity.serial_number] = identity.boot_count

    async def poll(self, link: Session) -> None:
        """Ping, and check that it still streams; the battery comes by itself, once a second.

        Raises
        ------
        DeviceError
            It was reset, or stopped by itself: it must be set up again.
        """
        cookie = round(1e6 * link.now_s()) & 0xFFFFFFFFFFFFFFFF
        await self._write(link, tandem.command(Command.PING, next(self._numbers), struct.pack("<Q", cookie)))
        state = (await self.ask(link, Command.GET_STATUS))[1]
        if state not in (State.STREAMING, State.FAULT):
            raise DeviceError("it was reset or stopped by itself. Check its battery; it is set up again.")

    async def stop(self, link: Session) -> None:
        """Let it rest."""
        if self.led_seed:
            await self.ask(link, Command.SYNC, struct.pack("<BBHI", 0, 0, self.led_width_ms, 0))
        await self.ask(link, Command.STOP)

    async def ask(
        self, link: Session, kind: Command, body: bytes = b"", *, accept: tuple[Result, ...] = (Result.OK,)
    ) -> bytes:
        """Return result, state and body of the reply to a command.

        Raises
        ------
        DeviceError
            No answer, another version, or a result that is not accepted.
        """
        number = next(self._numbers) & 0xFFFF
        name = kind.name.lower()

        def wanted(packet: Packet) -> bool:
            if not isinstance(packet, Reply):
                return False
            return packet.name == OTHER_VERSION or (packet.name == name and packet.number == number)

        data = self._framed(tandem.command(kind, number, body))
        timeout_s = _TIMEOUT_S[self.transport]
        answer = await link.ask(tandem.COMMAND_CHANNEL, data, wanted, timeout_s=timeout_s, tries=_TRIES)
        told = answer.data if isinstance(answer, Reply) else b""
        if isinstance(answer, Reply) and answer.name == OTHER_VERSION:
            raise DeviceError(
                f"the device speaks version {told[0]} of its protocol, this program version {tandem.MAJOR}. "
                "Update the older of the two."
            )
        if told[0] not in accept:
            raise DeviceError(refusal(kind, told[0], told[1]))
        return told

    async def _identify(self, link: Session) -> tuple[tandem.Identity, int]:
        try:
            told = await self.ask(link, Command.IDENTIFY)
        except DeviceError as cause:
            if "version" in str(cause):
                raise
            raise DeviceError(
                f"no Tandem wearable answers here: {cause} Choose another port, or another kind of device."
            ) from cause
        identity = tandem.read_identity(told[2:])
        if identity is None:
            raise DeviceError("what answers here does not name itself a Tandem wearable. Choose another port.")
        return identity, told[1]

    async def _write(self, link: Session, payload: bytes) -> None:
        await link.write(tandem.COMMAND_CHANNEL, self._framed(payload))

    def _framed(self, payload: bytes) -> bytes:
        return seal(payload) if self.transport == "ble" else to_serial(payload)


def refusal(kind: Command, result: int, state: int) -> str:
    """Return why a command was refused and what to do, in words."""
    words = f"the device refuses {kind.name}"
    known = result in Result.__members__.values()
    named = Result(result).name if known else f"result {result}"
    if result == Result.WRONG_STATE:
        where = State(state).name if state in State.__members__.values() else f"state {state}"
        return f"{words}: it is in state {where}. Send STOP first."
    cure = _CURES.get(Result(result)) if known else None
    return f"{words}: {named}. {cure or 'Update its firmware or this program.'}"


PLUGIN = TandemImu
