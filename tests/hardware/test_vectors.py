"""Python against the golden bytes that the firmware is tested against too; a changed byte fails in both."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from drivers.protocols import tandem
from drivers.protocols.tandem import Command, NoticeKind, Result, State, command, parse, train_spacings_us
from drivers.protocols.tandem_frames import MAX_FRAME, MAX_PAYLOAD, FrameReceiver, crc16, seal, to_serial, unseal
from tests.hardware.toolchain import FIRMWARE, ROOT, make, need

VECTORS_FILE = ROOT / "hardware" / "protocol" / "vectors.json"
VECTORS = json.loads(VECTORS_FILE.read_text(encoding="utf-8"))


def disagreements(vectors):
    """Return the names of the vectors that this implementation does not reproduce."""
    wrong = [f"crc {item['bytes']}" for item in vectors["crc"] if crc16(bytes.fromhex(item["bytes"])) != item["crc"]]
    for item in vectors["packets"]:
        payload, serial, ble = (bytes.fromhex(item[name]) for name in ("payload", "serial", "ble"))
        both_ways = to_serial(payload) == serial and seal(payload) == ble and unseal(ble) == payload
        if not both_ways or FrameReceiver().feed(serial) != [payload] or not fields_fit(item):
            wrong.append(item["name"])
    for item in vectors["streams"]:
        receiver = FrameReceiver()
        accepted = [payload.hex() for payload in receiver.feed(bytes.fromhex(item["bytes"]))]
        if (accepted, receiver.bad, receiver.oversized) != (item["accepted"], item["bad"], item["oversized"]):
            wrong.append(item["name"])
    if list(train_spacings_us(vectors["train"]["seed"], 20)) != vectors["train"]["spacings_us"]:
        wrong.append("train")
    return wrong


def fields_fit(item):
    """Say whether the decoded packet has the fields that the vector names."""
    payload = bytes.fromhex(item["payload"])
    packet = parse(payload)
    for name, value in item["fields"].items():
        if name == "sequence":
            got = struct.unpack_from("<H", payload, 2)[0]
        elif isinstance(packet, tandem.Imu):
            got = imu_field(packet, name)
        elif isinstance(packet, tandem.Rest):
            got = rest_field(packet, item, name)
        elif isinstance(packet, tandem.CommandReply):
            got = getattr(tandem.read_pong(packet.body), name)
        elif isinstance(packet, tandem.Unknown):  # commands are not for hosts to read
            got = value
        else:
            got = getattr(packet, name)
        if got != value:
            return False
    return True


def imu_field(packet, name):
    return {
        "t_us": int(packet.t_us[0]),
        "count": len(packet.t_us),
        "accel": packet.accel.tolist(),
        "gyro": packet.gyro.tolist(),
        "scales": packet.scales,
        "temperature": round(100 * packet.temperature_c),
        "flags": packet.flags,
    }[name]


def rest_field(packet, item, name):
    scales = item["fields"]["scales"]
    return {
        "t_us": packet.t_us,
        "count": packet.count,
        "scales": scales,
        "gyro_mean": np.rint(16 * packet.gyro_radps / tandem.gyro_scale_radps(scales)).tolist(),
        "accel_mean": np.rint(16 * packet.accel_mps2 / tandem.accel_scale_mps2(scales)).tolist(),
    }[name]


def test_every_vector_is_reproduced():
    assert disagreements(VECTORS) == []


@pytest.mark.parametrize("kind", ["crc", "packets", "streams"])
def test_a_changed_byte_in_a_vector_is_noticed(kind):
    changed = json.loads(VECTORS_FILE.read_text(encoding="utf-8"))
    item = changed[kind][0]
    name = {"crc": "bytes", "packets": "serial", "streams": "bytes"}[kind]
    data = bytearray.fromhex(item[name])
    data[5] ^= 0x01
    item[name] = data.hex()
    assert disagreements(changed) != []


@pytest.mark.parametrize("place", [("packets", 1, "ble"), ("conversations", 0, "expect")])
def test_a_changed_byte_in_a_vector_fails_the_firmware_too(tmp_path, place):
    need("make", "gcc")
    changed = json.loads(VECTORS_FILE.read_text(encoding="utf-8"))
    kind, index, name = place
    item = changed[kind][index]
    holder, key = (item, name) if kind == "packets" else (item["steps"][1]["expect"], 0)
    data = bytearray.fromhex(holder[key])
    data[8] ^= 0x01
    holder[key] = data.hex()
    file = tmp_path / "vectors.json"
    file.write_text(json.dumps(changed), encoding="utf-8")
    with pytest.raises(AssertionError, match=r"[1-9]\d* failures"):
        make("unit", OUT=tmp_path / "build", VECTORS=file, SANITIZE="-O0")


def test_the_words_of_the_protocol_have_the_numbers_of_the_vectors():
    told = VECTORS["constants"]
    assert [result.name for result in Result] == told["results"]
    assert [state.name for state in State] == told["states"]
    assert [kind.name for kind in Command] == told["commands"]
    assert [kind.name for kind in tandem.Kind] == told["stream_kinds"]
    assert [notice.name for notice in NoticeKind] == told["notices"]
    assert (told["max_payload"], told["max_frame"]) == (MAX_PAYLOAD, MAX_FRAME)
    assert list(Command) == list(range(0x10, 0x1F))


def test_the_vectors_are_those_that_their_script_writes(tmp_path):
    script = VECTORS_FILE.with_name("make_vectors.py")
    copy = tmp_path / script.name
    copy.write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
    subprocess.run([sys.executable, str(copy)], check=True)
    assert (tmp_path / "vectors.json").read_text(encoding="utf-8") == VECTORS_FILE.read_text(encoding="utf-8")


def test_commands_are_made_as_in_the_vectors():
    by_name = {item["name"]: item["payload"] for item in VECTORS["packets"]}
    assert command(Command.IDENTIFY, 1).hex() == by_name["command_identify"]
    assert command(Command.SET_RATE, 3, struct.pack("<H", 200)).hex() == by_name["command_set_rate"]


def test_every_command_result_and_notice_stands_in_the_specification():
    text = (Path(FIRMWARE).parent / "protocol" / "SPEC.md").read_text(encoding="utf-8")
    for word in (*Command, *Result, *State, *NoticeKind, *tandem.Kind):
        assert word.name in text
