"""Bytes of real devices and of makers' manuals, decoded to the numbers that they hold.

Sources stand beside each; they are short quotations of facts. "Plausible" checks use what physics says: an
accelerometer at rest reads one g.
"""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from drivers.base import Chunk, DeviceStatus, ImuPacket
from drivers.devices import witmotion_ble, xsens_dot
from drivers.devices.witmotion_ble import WitmotionBle
from drivers.devices.xbus import Xbus, read_items
from drivers.devices.ximu3 import Ximu3
from drivers.devices.xsens_dot import XsensDot, is_sound_message, start_sync_message
from drivers.framing import sum8
from drivers.sim.twins import tandem_imu as twin

G = 9.80665
VECTORS = Path(__file__).parents[2] / "hardware" / "protocol" / "vectors.json"

# WITMOTION/WitBluetooth_BWT901BLE5_0, published example (not at rest).
WIT_EXAMPLE = "55 61 77 02 A8 FE 92 FE 06 02 30 FE CD FF F8 F0 53 FC AB C4"
# obedier/vib, analyze_wt901_data.py: two notifications of 16 bytes, sensor at rest.
WIT_SHORT = (
    "55 61 35 ff 59 ff 0a 08 00 00 00 00 00 00 b9 fc",
    "55 61 31 ff 57 ff 0f 08 00 00 00 00 00 00 b9 fc",
)
# Four public MTData2 messages.
XBUS = (
    "FA FF 36 4E 10 60 04 02 53 35 CB 20 10 10 3F 7F FA 66 BB 40 34 B8 3C 49 96 2D 3B 5A 1F 82 80 20 0C 39 FF 91 01 "
    "BA EC DD 81 BA 86 53 80 40 20 0C BE 64 DB 99 BC E7 FF 83 41 1D C2 CF C0 20 0C BE 90 48 80 3F 67 32 04 BF 54 89 "
    "04 E0 20 04 00 00 00 03 C9",
    "FA FF 36 14 10 20 02 00 09 20 30 0C BF BC 67 E0 3E DF AE 81 40 A3 A9 DF A7",
    "FA FF 36 16 10 60 04 09 3A 7C B7 20 30 0C BF 49 1A 52 BE C3 6A 10 C3 2E E2 EF 3E",
    "FA FF 36 0F 80 40 0C 3B 8B BC 00 BB E2 4F 00 3B 4E 4A 00 AF",
)
# x-IMU3 User Manual v0.11, section 8.2: one second, 1 g along z.
XIMU3_ASCII = b"I,1000000,0.0000,0.0000,0.0000,0.0000,0.0000,1.0000\r\n"
XIMU3_BINARY = "C9 40 42 0F 00 00 00 00 00" + " 00 00 00 00" * 5 + " 00 00 80 3F 0A"
# Xsens DOT BLE Services Specifications, synchronisation messages.
DOT_MESSAGES = ("020108F5", "0207013D69F16ECAD453", "020102FB", "02025109A2")


def feed(decoder, *parts, channel=""):
    return [packet for part in parts for packet in decoder.feed(Chunk(channel, part, 5.0))]


def test_the_published_frame_of_a_witmotion_wearable():
    (packet,) = feed(WitmotionBle().decoder(), bytes.fromhex(WIT_EXAMPLE))
    assert packet.accel_mps2[0] / G == pytest.approx([0.308, -0.168, -0.179], abs=0.001)
    assert np.degrees(packet.gyro_radps[0]) == pytest.approx([31.6, -28.3, -3.1], abs=0.1)


def test_short_notifications_of_a_witmotion_wearable_at_rest_read_one_g():
    packets = feed(WitmotionBle().decoder(), *map(bytes.fromhex, WIT_SHORT))
    norms = [float(np.linalg.norm(packet.accel_mps2) / G) for packet in packets]
    assert norms == pytest.approx([1.013, 1.016], abs=0.002)


def test_the_battery_register_of_a_witmotion_wearable():
    frame = b"\x55\x71" + struct.pack("<9H", 0x64, 393, 0, 0, 0, 0, 0, 0, 0)
    (status,) = feed(WitmotionBle().decoder(), frame)
    assert isinstance(status, DeviceStatus)
    assert status.battery_v == pytest.approx(3.93)
    assert status.battery == pytest.approx(0.75)


@pytest.mark.parametrize("text", XBUS)
def test_public_xbus_messages_pass_and_one_wrong_bit_fails(text):
    data = bytes.fromhex(text)
    decoder = Xbus().decoder()
    feed(decoder, data)
    assert (decoder.counts.frames, decoder.counts.rejected) == (1, 0)
    for place in range(2, len(data)):
        broken = Xbus().decoder()
        feed(broken, data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
        assert broken.counts.frames == 0


def test_the_first_public_xbus_message_reads_gravity_and_its_time():
    (packet,) = feed(Xbus().decoder(), bytes.fromhex(XBUS[0]))
    assert np.linalg.norm(packet.accel_mps2) == pytest.approx(9.863, abs=0.001)
    assert packet.time_s[0] == pytest.approx(0x025335CB * 1e-4)
    assert np.abs(packet.gyro_radps).max() < 0.01
    assert read_items(bytes.fromhex(XBUS[1])[4:-1])[0x1020] == b"\x00\x09"


@pytest.mark.parametrize("data", [XIMU3_ASCII, bytes.fromhex(XIMU3_BINARY)], ids=["ascii", "binary"])
def test_the_examples_of_the_ximu3_manual(data):
    (packet,) = feed(Ximu3().decoder(), data)
    assert packet.time_s[0] == 1.0
    assert packet.accel_mps2[0] == pytest.approx([0.0, 0.0, G])
    assert packet.gyro_radps[0] == pytest.approx([0.0, 0.0, 0.0])


def test_the_sync_messages_of_the_dot_specification():
    assert all(is_sound_message(bytes.fromhex(text)) for text in DOT_MESSAGES)
    assert start_sync_message("D4:CA:6E:F1:69:3D").hex().upper() == DOT_MESSAGES[1]
    assert xsens_dot.message(xsens_dot.GET_SYNC).hex().upper() == DOT_MESSAGES[0]
    assert xsens_dot.message(xsens_dot.STOP_SYNC).hex().upper() == DOT_MESSAGES[2]


def test_a_dot_sample_is_read_at_the_stated_places():
    body = struct.pack("<I6f", 2_500_000, 1.0, 2.0, 9.0, 90.0, 0.0, -180.0)
    (packet,) = feed(XsensDot().decoder(), body, channel=xsens_dot.MEDIUM)
    assert packet.time_s[0] == 2.5
    assert packet.accel_mps2[0] == pytest.approx([1.0, 2.0, 9.0])
    assert packet.gyro_radps[0] == pytest.approx([np.pi / 2, 0.0, -np.pi])


def test_a_reading_at_full_scale_is_flagged():
    frame = b"\x55\x61" + struct.pack("<9h", 32767, 0, 0, 0, 0, 0, 0, 0, 0)
    (packet,) = feed(WitmotionBle().decoder(), frame)
    assert isinstance(packet, ImuPacket)
    assert packet.saturated.tolist() == [True]


def test_witmotion_rate_codes_are_those_of_its_register():
    assert witmotion_ble.RATE_CODES[200.0] == 0x0B
    assert sum8(bytes([0x55, 0xAB])) == 0


# The virtual Tandem wearable against the vectors of the protocol itself.


def vectors(kind):
    return json.loads(VECTORS.read_text(encoding="utf-8"))[kind]


def test_the_virtual_wearable_computes_the_crc_of_the_vectors():
    for item in vectors("crc"):
        assert twin.crc16(bytes.fromhex(item["bytes"])) == item["crc"]


@pytest.mark.parametrize("item", vectors("packets"), ids=lambda item: item["name"])
def test_the_virtual_wearable_frames_as_the_vectors_do(item):
    payload = bytes.fromhex(item["payload"])
    sealed = payload + struct.pack("<H", twin.crc16(payload))
    assert sealed.hex() == item["ble"]
    assert twin.cobs(sealed).hex() == item["serial"]
    assert twin.uncobs(twin.cobs(sealed)[:-1]) == sealed
