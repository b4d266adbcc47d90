"""What every driver of a wearable keeps, shown on its virtual twin; a new file in the folder is tested by itself."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from drivers.base import Chunk, DeviceInfo, ImuPacket
from drivers.sim.virtual_time import run_virtual
from fusion import plugins
from tests.drivers.rig import make_rig, run_for

DEVICES = plugins.names("drivers.devices")
every_device = pytest.mark.parametrize("name", DEVICES)

TOLERANCE = {"accel": 0.05, "gyro": 0.002}
"""m/s^2 and rad/s: half a count at the coarsest scale, and what a pairing of two sensors interpolates away."""


@every_device
def test_every_device_has_a_virtual_twin(name):
    assert name in plugins.names("drivers.sim.twins")


@every_device
def test_a_device_says_what_it_can_do(name):
    info = plugins.load("drivers.devices", name).info
    assert isinstance(info, DeviceInfo)
    assert info.title
    assert info.transports
    assert set(info.transports) <= set(plugins.names("drivers.transport"))
    assert info.clock in ("device", "counted")
    assert info.tested_against
    assert list(info.rates_hz) == sorted(info.rates_hz)


@pytest.fixture(scope="module")
def after_six_seconds():
    """Return device -> its rig after six seconds of streaming over a radio."""
    return {name: run_virtual(_six_seconds(name)) for name in DEVICES}


async def _six_seconds(name):
    return await run_for(make_rig(name), 6.0)


@every_device
def test_what_the_twin_measured_arrives_in_si_units_and_in_order(after_six_seconds, name):
    rig = after_six_seconds[name]
    taken, heard = rig.host.taken, rig.heard
    accel, gyro = heard.imu("accel_mps2"), heard.imu("gyro_radps")
    assert len(accel) > 0.6 * 5.0 * rig.host.twin.rate
    sent = np.array([np.concatenate([item.accel_mps2, item.gyro_radps]) for item in taken])
    got = np.hstack([accel, gyro])
    got = got[np.isfinite(got).all(axis=1)]
    near = [int(np.argmin(np.abs(sent - row).max(axis=1))) for row in got]
    error = np.abs(sent[near] - got)
    assert error[:, :3].max() < TOLERANCE["accel"]
    assert error[:, 3:].max() < TOLERANCE["gyro"]
    assert (np.diff(near) >= 0).all()


@every_device
def test_times_are_those_of_the_device_and_run_through_every_wrap(after_six_seconds, name):
    rig = after_six_seconds[name]
    times = rig.heard.imu("time_s")
    rate = rig.host.twin.rate
    assert np.isfinite(times).all()
    assert (np.diff(times) > 0.0).all()
    assert np.median(np.diff(times)) == pytest.approx(1.0 / rate, rel=0.02)
    assert times[-1] - times[0] == pytest.approx((len(times) - 1) / rate, abs=0.1)


@every_device
def test_nothing_is_lost_on_a_radio_that_repeats(after_six_seconds, name):
    rig = after_six_seconds[name]
    counts = rig.stream.decoder.counts
    assert counts.lost == 0
    assert counts.rejected == 0
    assert counts.samples == len(rig.heard.imu("time_s"))
    steps = np.diff(rig.heard.imu("time_s"))
    assert steps.max() < 1.6 / rig.host.twin.rate


@every_device
def test_arrivals_never_run_backward(after_six_seconds, name):
    arrival = after_six_seconds[name].heard.imu("arrival_s")
    assert (np.diff(arrival) >= 0.0).all()


@every_device
def test_the_battery_is_told_where_it_can_be(after_six_seconds, name):
    rig = after_six_seconds[name]
    if rig.stream.source.device.info.has_battery and name not in ("sensor_logger",):
        assert np.isfinite([rig.stream.health.battery, rig.stream.health.battery_v]).any()


@every_device
def test_a_device_comes_back_after_its_link_was_lost(name):
    async def lose(rig):
        await asyncio.sleep(3.0)
        rig.air.drop(next(iter(rig.air.hosts)))

    rig = run_virtual(_with(name, lose))
    assert rig.stream.health.reconnects == 1
    gap = np.diff(rig.heard.imu("arrival_s"))
    assert 0.25 < gap.max() < 2.0
    assert (np.diff(rig.heard.imu("time_s")) > 0.0).all()


async def _with(name, during):
    return await run_for(make_rig(name), 3.0, during=during)


@pytest.mark.parametrize("name", [n for n in DEVICES if plugins.load("drivers.devices", n).transport == "serial"])
def test_the_same_bytes_in_other_pieces_give_the_same_samples(name):
    chunks = run_virtual(_chunks(name))
    device = plugins.load("drivers.devices", name)
    data = b"".join(chunk.data for chunk in chunks)
    whole = _samples(device.decoder(), [Chunk("", data[i : i + 1000], 1.0) for i in range(0, len(data), 1000)])
    single = _samples(device.decoder(), [Chunk("", data[i : i + 1], 1.0) for i in range(len(data))])
    assert len(whole) > 100
    np.testing.assert_array_equal(whole, single)


async def _chunks(name):
    rig = make_rig(name)
    chunks = []
    keep = rig.stream._heard

    def both(chunk):
        chunks.append(chunk)
        keep(chunk)

    rig.stream._heard = both
    await run_for(rig, 3.0)
    return chunks


def _samples(decoder, chunks):
    packets = [packet for chunk in chunks for packet in decoder.feed(chunk) if isinstance(packet, ImuPacket)]
    return np.concatenate([np.hstack([p.accel_mps2, p.gyro_radps]) for p in packets])


def test_the_page_of_devices_names_every_driver():
    page = (Path(__file__).parents[2] / "docs" / "devices.md").read_text(encoding="utf-8")
    for family in ("drivers.devices", "drivers.camera"):
        for name in plugins.names(family):
            assert f"| `{name}` |" in page, name
