"""Two wearables with crystals 80 ppm apart, one lamp, one camera: all on one time to a millisecond.

At cables the host's clock joins them by pings. Over a radio with connection events of 15 ms pings alone do not bear a
millisecond; there the sync jacks are wired and the second wearable stamps the edges of the first one's lamp.
"""

import asyncio

import numpy as np
import pytest

from drivers.base import ClockReply, DeviceMark
from drivers.devices.tandem_imu import TandemImu
from drivers.session import Source, WearableStream
from drivers.sim.radio import ConnectionEvents
from drivers.sim.virtual_time import run_virtual
from fusion.sync.clock import fit_clock_two_sided
from fusion.sync.flashes import Flashes, align_flashes
from fusion.types import SAFE
from tests.drivers.rig import Heard
from tests.hardware.firmware_link import FirmwareTransport
from tests.hardware.host_wearable import HostWearable

SECONDS = 30.0
EXPOSURE_S = 0.008
EDGES = {"a": "led_on", "b": "sync_in_on"}
CAMERA_OFFSET_S, CAMERA_SKEW = 4.321, 35e-6


async def recorded(transport, wearables):
    """Return what the driver's sessions heard of both wearables."""
    heard, streams, tasks = {}, [], []
    for name in wearables:
        heard[name] = Heard()
        device = TandemImu(transport=transport.name, led_seed=2026 if name == "a" else 0)
        stream = WearableStream(Source(name, "tandem_imu", device, transport, name), heard[name].listeners())
        streams.append(stream)
        tasks.append(asyncio.create_task(stream.run()))
    await asyncio.sleep(SECONDS)
    for stream in streams:
        await stream.stop()
    await asyncio.gather(*tasks)
    return heard


@pytest.fixture(scope="module", params=["ble", "serial"])
def session(request, firmware_library):
    """Return the wearables and what was heard of them."""
    mtu = 247 if request.param == "ble" else 0
    wearables = {
        "a": HostWearable(firmware_library, clock_ppb=40_000, boot_us=5_000_000, mtu=mtu, serial_number=0xA),
        "b": HostWearable(firmware_library, clock_ppb=-40_000, boot_us=77_000_000, mtu=mtu, serial_number=0xB),
    }
    radio = {name: ConnectionEvents(0.015, 0.02, 0.0003) for name in wearables} if mtu else {}
    transport = FirmwareTransport(wearables, radio, name=request.param, wire=("a", "b") if mtu else None)
    heard = run_virtual(recorded(transport, wearables))
    return wearables, heard


def host_clock(heard):
    pings = heard.of(ClockReply)
    return fit_clock_two_sided(
        heard.imu("time_s"),
        heard.imu("arrival_s"),
        np.array([ping.sent_s for ping in pings]),
        np.array([ping.received_s for ping in pings]),
    )


def camera_of(led_edges):
    """Return frame times on the camera's clock and the lamp's brightness, from the lamp's true edges."""
    camera_s = np.arange(0.0, SECONDS - 1.0, 1.0 / 60.0)
    true_s = camera_s * (1.0 + CAMERA_SKEW) + 0.5
    share = np.zeros_like(true_s)
    lit_at = None
    for edge_s, level in led_edges:
        if level:
            lit_at = edge_s
        elif lit_at is not None:
            overlap = np.minimum(true_s + EXPOSURE_S, edge_s) - np.maximum(true_s, lit_at)
            share += np.clip(overlap, 0.0, None) / EXPOSURE_S
    noise = np.random.default_rng(3).normal(0.0, 2.0, len(share))
    return camera_s + CAMERA_OFFSET_S, true_s, 30.0 + 200.0 * share + noise


def flashes_of(heard):
    on = [mark.time_s for mark in heard.of(DeviceMark) if mark.name == "led_on"]
    off = [mark.time_s for mark in heard.of(DeviceMark) if mark.name == "led_off"]
    count = min(len(on), len(off))
    return Flashes(np.array(on[:count]), np.array(off[:count]))


def test_the_lamp_is_stamped_by_the_wearable_to_the_step_of_the_simulation(session):
    wearables, heard = session
    told = flashes_of(heard["a"]).on_s
    truth = [1e-6 * wearables["a"].device_us(round(1e6 * at)) for at, level in wearables["a"].led_edges() if level]
    np.testing.assert_allclose(told, truth[: len(told)], atol=2e-6)


def a_from_b_s(heard):
    """Return a function from the second wearable's time to the first one's, through the wire."""
    on = {name: [m.time_s for m in heard[name].of(DeviceMark) if m.name == mark] for name, mark in EDGES.items()}
    count = min(map(len, on.values()))
    return np.poly1d(np.polyfit(on["b"][-count:], on["a"][-count:], 1))


def test_camera_and_both_wearables_share_one_time_to_a_millisecond(session):
    wearables, heard = session
    frame_s, true_s, brightness = camera_of(wearables["a"].led_edges())
    seen = align_flashes("side", frame_s, EXPOSURE_S, brightness, flashes_of(heard["a"]), search_s=10.0)
    assert seen.verdict == SAFE, seen.reason
    moments_us = np.round(1e6 * true_s).astype(int)
    a_s, b_s = (np.array([1e-6 * wearables[n].device_us(int(at)) for at in moments_us]) for n in ("a", "b"))
    frame_on_a_s = seen.to_reference(frame_s)
    assert np.abs(frame_on_a_s - a_s).max() < 1e-3
    # What the second wearable stamped at the instant of each frame, brought to the frame's own time.
    if heard["b"].of(DeviceMark):
        apart_s = frame_on_a_s - a_from_b_s(heard)(b_s)
    else:
        apart_s = host_clock(heard["a"]).to_host(frame_on_a_s) - host_clock(heard["b"]).to_host(b_s)
    assert np.abs(apart_s).max() < 1e-3
