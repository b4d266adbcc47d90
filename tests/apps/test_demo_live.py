"""The live demo: real recorder, real drivers, real bleak calls; only the devices and the radio are virtual."""

import numpy as np
import pytest

from apps.commands import _demo_live as demo
from drivers.sim.laboratory import WORN, VirtualLab
from drivers.sim.virtual_time import run_virtual
from drivers.transport.ble import BleTransport
from fusion.recording.folder import load_recording, read_folder

SECONDS = 12.0


@pytest.fixture(scope="module", params=["bumble", "memory"])
def recorded(request, tmp_path_factory):
    """Return a recording of the virtual laboratory, over each kind of link, on virtual time."""
    out = tmp_path_factory.mktemp(request.param)
    return run_virtual(demo.record_live(out, SECONDS, seed=2, bumble=request.param == "bumble", live=False))


def test_every_sample_that_was_sent_is_recorded_once(recorded):
    recording = load_recording(recorded.folder)
    for segment, _, rate_hz in WORN:
        counts = demo.counted(recorded, recording, segment)
        assert (counts.lost, counts.twice) == (0, 0), segment
        assert counts.recorded + counts.in_gap == counts.sent
        assert counts.sent == pytest.approx(SECONDS * rate_hz, abs=0.2 * rate_hz)


def test_the_lost_link_is_a_gap_of_that_wearable_alone(recorded):
    recording = load_recording(recorded.folder)
    gaps = {segment: demo.counted(recorded, recording, segment).in_gap for segment, _, _ in WORN}
    # its own buffer of 0.64 s bridges short absences
    assert gaps.pop(demo.DROPPED) < 300
    assert set(gaps.values()) == {0}
    states = [event.state for event in recorded.events if event.stream == demo.DROPPED]
    assert states[:3] == ["streaming", "lost", "streaming"]
    lost, back = (next(e.time_s for e in recorded.events if e.stream == demo.DROPPED and e.state == state and
                       e.time_s >= recorded.drop_s) for state in ("lost", "streaming"))  # fmt: skip
    assert back - lost <= 2.0


def test_the_clocks_agree_about_the_knock_and_with_the_truth(recorded):
    words = demo.tap_line(recorded)
    assert float(words.split(" put it ")[1].split(" ms")[0]) < 15.0
    recording = load_recording(recorded.folder)
    errors = [demo.counted(recorded, recording, segment).clock_error_s for segment, _, _ in WORN]
    assert max(errors) < 0.015  # one connection interval
    assert max(errors[:3]) < 0.005  # those that answer pings


def test_the_recording_is_complete_and_holds_the_camera(recorded):
    stored = read_folder(recorded.folder)
    assert not stored.is_cut
    (points,) = stored.recording.keypoints
    assert len(points.time_s) == pytest.approx(SECONDS * 30.0, abs=3)
    assert np.diff(points.time_s).max() < 0.06
    assert stored.recording.surface == "treadmill"


def test_bleak_finds_the_virtual_wearables_by_their_names():
    async def scanned():
        lab = VirtualLab(5.0)
        await lab.start()
        try:
            transport = lab._transports()["ble"]
            assert isinstance(transport, BleTransport)
            return await transport.scan(1.0)
        finally:
            lab.stop()

    found = run_virtual(scanned())
    assert sorted(each.name for each in found) == [
        "Tandem-7A11",
        "Tandem-7A12",
        "Tandem-7A13",
        "Xsens DOT",
        "Xsens DOT",
    ]
    assert {each.address for each in found} == {f"C0:00:00:00:00:0{number}" for number in range(1, 6)}
