"""Look after one Tandem wearable: calibrate it (guide, fit, store on the device, read back), let it test itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from drivers.base import DeviceInfo, DeviceStatus, Found, ImuPacket, Packet, Reply, Session, Transport
from drivers.calibration.fit import AccelFit, GyroFit, fit_accel, fit_gyro
from drivers.calibration.guide import Guide, accel_rests, steps
from drivers.devices._tandem_decoder import TandemDecoder
from drivers.devices.tandem_imu import TandemImu, refusal
from drivers.imu_calibration import ImuCalibration
from drivers.protocols import tandem
from drivers.protocols.tandem import Command, Result
from drivers.protocols.tandem_frames import seal, to_serial
from drivers.session import LOST, Listeners, Source, StreamEvent, WearableStream
from fusion.errors import DeviceError, StorageError, UsageError

RATE_HZ = 100.0
RANGE_G, RANGE_DPS = 4.0, 1000.0
"""Scales that resolve a rest well and still hold a turn by hand; the correction holds for every scale."""

STEP_LIMIT_S = 180.0
CONNECT_LIMIT_S = 30.0
SELF_TEST_LIMIT_S = 3.0
_SELF_TEST_NUMBER = 0xFFFE


@dataclass(frozen=True, slots=True)
class Plan:
    """How a calibration is done.

    Attributes
    ----------
    level
        The surface is level: no half turns.
    turns
        Whole turns that are asked for.
    store
        Write the result to the device.
    unix_s
        Now.
    """

    level: bool = False
    turns: int = 5
    store: bool = True
    unix_s: int = 0


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What was found, and whether the device keeps it."""

    calibration: ImuCalibration
    accel: AccelFit
    gyro: GyroFit
    is_stored: bool


@dataclass(slots=True)
class Borrowed:
    """A Tandem wearable whose conversation can be joined while it streams; see ``drivers.base.Device``."""

    device: TandemImu
    talk: Session | None = None
    is_resting: bool = False
    info: ClassVar[DeviceInfo] = TandemImu.info

    @property
    def rate_hz(self) -> float:
        """Sampling rate that is set."""
        return self.device.rate_hz

    @property
    def accel_range_mps2(self) -> float:
        """Full scale that is set, m/s^2."""
        return self.device.accel_range_mps2

    @property
    def gyro_range_radps(self) -> float:
        """Full scale that is set, rad/s."""
        return self.device.gyro_range_radps

    def recognises(self, found: Found) -> bool:
        """Say whether it is one."""
        return self.device.recognises(found)

    def decoder(self) -> TandemDecoder:
        """Return a fresh decoder."""
        return self.device.decoder()

    async def start(self, link: Session) -> None:
        """Set it up, and keep the conversation."""
        await self.device.start(link)
        self.talk = link

    async def poll(self, link: Session) -> None:
        """Check that it still streams, unless it was told to rest."""
        if not self.is_resting:
            await self.device.poll(link)

    async def stop(self, link: Session) -> None:
        """Let it rest."""
        self.talk = None
        await self.device.stop(link)

    async def rest(self) -> None:
        """Stop it for what is only done at rest."""
        self.is_resting = True
        await self.ask(Command.STOP)

    async def ask(self, kind: Command, body: bytes = b"") -> bytes:
        """Return what the device answers; raises DeviceError."""
        if self.talk is None:
            raise DeviceError("the link to the wearable was lost. Come closer and calibrate again.")
        return (await self.device.ask(self.talk, kind, body))[2:]


class _Following:
    """Feeds the guide with packets and says what to do when that changes."""

    def __init__(self, guide: Guide, say: Callable[[str], None]) -> None:
        self.guide = guide
        self.temperatures_c: list[float] = []
        self.moved = asyncio.Event()
        self.lost = ""
        self._say = say
        self._said = ""

    def packet(self, _: str, packet: Packet) -> None:
        if isinstance(packet, ImuPacket):
            done = self.guide.done
            self.guide.feed(packet.time_s, packet.accel_mps2, packet.gyro_radps)
            if self.guide.done != done:
                self.moved.set()
            self.tell()
        elif isinstance(packet, DeviceStatus) and np.isfinite(packet.temperature_c):
            self.temperatures_c.append(packet.temperature_c)

    def event(self, event: StreamEvent) -> None:
        if event.state == LOST:
            self.lost = event.reason
            self._say(f"The link was lost: {event.reason}")

    def broken(self, error: StorageError) -> None:
        raise error  # nothing is logged here

    def tell(self) -> None:
        guide = self.guide
        if guide.step is None:
            text = f"{len(guide.plan)}/{len(guide.plan)}  All was measured."
        else:
            wrong = f"  ({guide.problem})" if guide.problem else ""
            text = f"{guide.done + 1}/{len(guide.plan)}  {guide.step}{wrong}"
        if text != self._said:
            self._said = text
            self._say(text)


async def calibrate(
    transport: Transport,
    address: str,
    say: Callable[[str], None],
    plan: Plan,
    transport_settings: Mapping[str, object] | None = None,
) -> Calibrated:
    """Guide a calibration and return what it found.

    Parameters
    ----------
    transport, address
        Where the wearable is.
    say
        Gets each instruction once.
    plan
        How it is done.

    Raises
    ------
    DeviceError
        The wearable is not there, refuses, or nothing was done for ``STEP_LIMIT_S``.
    SignalError
        What was measured cannot be right; nothing was stored.
    UsageError
        The transport cannot reach a Tandem wearable.
    """
    guide = Guide(steps(level=plan.level, turns=plan.turns))
    following = _Following(guide, say)
    async with _joined(transport, address, transport_settings or {}, following) as device:
        following.tell()
        await _followed(following)
        return await _finished(device, following, plan)


async def self_test(
    transport: Transport, address: str, transport_settings: Mapping[str, object] | None = None
) -> tuple[str, ...]:
    """Return what the wearable's self-test finds wrong, in words; it must lie still.

    Raises
    ------
    DeviceError
        The wearable is not there, or does not answer.
    """
    following = _Following(Guide(()), lambda _: None)
    async with _joined(transport, address, transport_settings or {}, following) as device:
        await device.rest()
        if device.talk is None:
            raise DeviceError("the link to the wearable was lost. Come closer and test again.")
        data = tandem.command(Command.SELF_TEST, _SELF_TEST_NUMBER)
        framed = seal(data) if transport.name == "ble" else to_serial(data)

        def wanted(packet: Packet) -> bool:
            return isinstance(packet, Reply) and packet.name == "self_test" and packet.number == _SELF_TEST_NUMBER

        # asked once: it is busy meanwhile, and would refuse a repetition
        answer = await device.talk.ask(tandem.COMMAND_CHANNEL, framed, wanted, timeout_s=SELF_TEST_LIMIT_S)
        told = answer.data if isinstance(answer, Reply) else b""
        if told[0] != Result.OK or len(told) < 4:
            raise DeviceError(refusal(Command.SELF_TEST, told[0], told[1]))
        failures = int.from_bytes(told[2:4], "little")
        return tuple(words for bit, words in enumerate(tandem.SELF_TEST_FAILURES) if failures >> bit & 1)


@asynccontextmanager
async def _joined(
    transport: Transport, address: str, settings: Mapping[str, object], following: _Following
) -> AsyncIterator[Borrowed]:
    """Connect, and let go in the end."""
    device = Borrowed(_device(transport.name))
    listeners = Listeners(following.packet, following.event, following.broken)
    stream = WearableStream(Source("wearable", "tandem_imu", device, transport, address, settings), listeners)
    task = asyncio.create_task(stream.run())
    try:
        await _connected(device, following)
        yield device
    finally:
        await stream.stop()
        with suppress(TimeoutError):
            await asyncio.wait_for(task, 10.0)


def _device(transport: str) -> TandemImu:
    if transport not in TandemImu.info.transports:
        raise UsageError(
            f"a Tandem wearable is calibrated over {', '.join(TandemImu.info.transports)}; got {transport!r}."
        )
    return TandemImu(RATE_HZ, transport, accel_range_g=RANGE_G, gyro_range_dps=RANGE_DPS, calibrated=False)


async def _connected(device: Borrowed, following: _Following) -> None:
    try:
        async with asyncio.timeout(CONNECT_LIMIT_S):
            while device.talk is None:
                await asyncio.sleep(0.05)
    except TimeoutError as cause:
        why = following.lost or "it does not answer"
        raise DeviceError(f"no wearable answers within {CONNECT_LIMIT_S:g} s: {why}") from cause


async def _followed(following: _Following) -> None:
    guide = following.guide
    while guide.step is not None:
        following.moved.clear()
        try:
            await asyncio.wait_for(following.moved.wait(), STEP_LIMIT_S)
        except TimeoutError as cause:
            why = guide.problem or following.lost or "it was not seen to lie still as asked"
            raise DeviceError(
                f"step {guide.done + 1} was not done within {STEP_LIMIT_S:g} s: {why}. Nothing was stored."
            ) from cause


async def _finished(device: Borrowed, following: _Following, plan: Plan) -> Calibrated:
    """Fit, store, read back."""
    guide = following.guide
    accel = fit_accel(accel_rests(guide), level=plan.level)
    gyro = fit_gyro(guide.rests, guide.turns)
    identity = tandem.read_identity(await device.ask(Command.IDENTIFY))
    if identity is None:
        raise DeviceError("the wearable does not tell its serial number. Update its firmware.")
    calibration = ImuCalibration(
        identity.serial_number,
        accel.bias_mps2,
        accel.matrix,
        gyro.bias_radps,
        gyro.matrix,
        plan.unix_s,
        float(np.mean(following.temperatures_c)) if following.temperatures_c else np.nan,
        has_accel=True,
        has_gyro_bias=True,
        has_gyro_matrix=True,
    )
    if plan.store:
        await store(device, calibration)
    return Calibrated(calibration, accel, gyro, plan.store)


async def store(device: Borrowed, calibration: ImuCalibration) -> None:
    """Write a calibration to its device and compare what it then reads.

    Raises
    ------
    DeviceError
        The device refuses it or reads back another.
    """
    block = calibration.to_block()
    await device.rest()
    await device.ask(Command.WRITE_CALIBRATION, block)
    if await device.ask(Command.READ_CALIBRATION) != block:
        raise DeviceError("the wearable does not read back what it was given. Calibrate again, or replace the board.")
