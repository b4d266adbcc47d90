"""Properties of the codec, and equality with the firmware's receiver, which was written apart from it."""

import ctypes

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.base import Chunk
from drivers.devices.tandem_imu import TandemImu
from drivers.protocols import tandem
from drivers.protocols.tandem import Imu, parse
from drivers.protocols.tandem_frames import FrameReceiver, to_serial, unseal

payloads = st.binary(min_size=4, max_size=240)


@given(st.lists(payloads, max_size=5), st.data())
def test_what_was_framed_comes_back_however_the_bytes_are_cut(sent, data):
    stream = b"".join(map(to_serial, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    receiver = FrameReceiver()
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [payload for piece in pieces for payload in receiver.feed(piece)] == sent
    assert (receiver.bad, receiver.oversized) == (0, 0)


@given(st.lists(st.one_of(st.binary(max_size=300), payloads.map(to_serial)), max_size=6))
def test_after_any_bytes_the_next_whole_frame_is_received(noise):
    receiver = FrameReceiver()
    receiver.feed(b"".join(noise) + b"\0")
    assert receiver.feed(to_serial(b"\x01\x10\x05\x00abc")) == [b"\x01\x10\x05\x00abc"]


@given(st.binary(max_size=400))
def test_nothing_that_comes_in_makes_the_decoder_raise(data):
    decoder = TandemImu(transport="serial").decoder()
    decoder.feed(Chunk("", data + b"\0", 1.0))
    for channel in (tandem.STREAM_CHANNEL, tandem.REPLY_CHANNEL, "elsewhere"):
        decoder.feed(Chunk(channel, data, 1.0))


@given(st.integers(0x00, 0xFF), st.integers(0, 15), st.binary(max_size=236))
def test_no_sound_frame_makes_the_decoder_raise(kind, flags, body):
    payload = bytes([kind, 0x10 | flags, 1, 0]) + body
    for transport in ("serial", "tcp"):
        TandemImu(transport=transport).decoder().feed(Chunk("", to_serial(payload), 1.0))
    parse(payload)


@given(st.lists(st.one_of(st.binary(max_size=300), payloads.map(to_serial)), max_size=6))
def test_the_firmware_and_python_read_the_same_out_of_any_bytes(firmware_library, noise):
    stream = b"".join(noise)
    out = ctypes.create_string_buffer(8192)
    counts = (ctypes.c_uint32 * 2)()
    size = firmware_library.tw_host_parse(stream, len(stream), out, 8192, counts)
    accepted, place = [], 0
    while place < size:
        length = out.raw[place]
        accepted.append(out.raw[place + 1 : place + 1 + length])
        place += 1 + length
    receiver = FrameReceiver()
    assert receiver.feed(stream) == accepted
    assert (receiver.bad, receiver.oversized) == tuple(counts)


@given(st.lists(st.tuples(*[st.integers(-32768, 32767)] * 6), min_size=1, max_size=16), st.integers(0, 2**64 - 1))
def test_imu_packets_keep_every_count_and_every_stamp(rows, t_us):
    body = b"".join(np.array([500 if i else 0, *row]).astype("<i2").tobytes() for i, row in enumerate(rows))
    head = np.array([t_us], "<u8").tobytes() + bytes([len(rows), 0x33]) + np.array([2500], "<i2").tobytes()
    packet = parse(b"\x01\x10\x07\x00" + head + body)
    assert isinstance(packet, Imu)
    np.testing.assert_array_equal(np.hstack([packet.accel, packet.gyro]), rows)
    assert [int(stamp) for stamp in packet.t_us] == [(t_us + 500 * i) % 2**64 for i in range(len(rows))]
    missing = np.array(rows) == -32768
    np.testing.assert_array_equal(np.isnan(np.hstack([packet.accel_mps2, packet.gyro_radps])), missing)


@pytest.mark.parametrize(
    ("scales", "accel", "gyro_dps"),
    [
        (0x33, 16 * 9.80665, 2000.0),
        (0x00, 2 * 9.80665, 250.0),
        (0x73, 16 * 9.80665, 0.070 * 32768),
        (0x41, 4 * 9.80665, 0.00875 * 32768),
    ],
)
def test_scale_factors_are_those_of_the_specification(scales, accel, gyro_dps):
    assert 32768 * tandem.accel_scale_mps2(scales) == pytest.approx(accel)
    assert np.degrees(32768 * tandem.gyro_scale_radps(scales)) == pytest.approx(gyro_dps)


def test_damage_is_never_accepted_and_costs_only_the_frames_that_it_touches():
    rng = np.random.default_rng(5)
    sent = [bytes([1, 16]) + int(i).to_bytes(2, "little") + rng.bytes(26) for i in range(20_000)]
    frames = [to_serial(payload) for payload in sent]
    stream = np.frombuffer(b"".join(frames), np.uint8).copy()
    owner = np.repeat(np.arange(len(frames)), [len(frame) for frame in frames])
    flipped = rng.random(len(stream)) < 1e-4
    dropped = rng.random(len(stream)) < 1e-4
    stream[flipped] ^= (1 << rng.integers(0, 8, flipped.sum())).astype(np.uint8)
    touched = set(owner[flipped | dropped])
    # a delimiter that is gone takes the next frame with it
    ends = np.append(np.diff(owner) > 0, True) & (flipped | dropped)
    touched |= {i + 1 for i in owner[ends]}
    receiver = FrameReceiver()
    accepted = receiver.feed(stream[~dropped].tobytes())
    assert len(touched) > 60
    assert set(accepted) <= set(sent)
    assert set(sent) - set(accepted) <= {sent[i] for i in touched if i < len(sent)}
    assert unseal(b"\x01\x10\x00\x00\x00\x00") is None
