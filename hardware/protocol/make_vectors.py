"""Write ``vectors.json``: the golden bytes of SPEC.md, shared by the C and the Python tests.

It shares no code with either implementation: CRC and COBS are written here a third time, in the slowest and plainest
way, and packets are packed by hand. Run it after a change of SPEC.md and read the difference.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

SERIAL_NUMBER = 0x0123456789ABCDEF
BOOT_US = 1_000_000
FIRMWARE = (1, 0, 0)
VERSION_TEXT = "tandem-wearable 1.0.0"

RESULTS = [
    "OK", "UNKNOWN_COMMAND", "BAD_LENGTH", "BAD_VALUE", "WRONG_STATE", "UNKNOWN_VERSION", "BUSY",
    "IMU_FAILURE", "STORAGE_FAILURE", "LINK_TOO_NARROW", "NO_DATA", "NOT_SUPPORTED",
]  # fmt: skip
STATES = ["IDLE", "STREAMING", "FAULT", "SELF_TEST"]
COMMANDS = [
    "IDENTIFY", "PING", "SET_RATE", "SET_RANGE", "SET_BATCH", "START", "STOP", "SYNC", "GET_BATTERY",
    "READ_CALIBRATION", "WRITE_CALIBRATION", "GET_STATUS", "SELF_TEST", "GET_VERSION", "RESET",
]  # fmt: skip
STREAM_KINDS = ["IMU", "SYNC_EVENT", "STATUS", "NOTICE", "REST", "IDENTITY"]
NOTICES = ["IMU_SILENT", "IMU_RECOVERED", "BATTERY_LOW", "LINK_IDLE", "CALIBRATION_LOST"]

REPLAY = [  # accel, gyro counts; data-ready of sample k is (k + 1) periods after START
    [0, 0, 2048, 0, 0, 0],
    [1, -1, 2047, 16, -16, 3],
    [-2048, 100, 0, -1638, 820, 0],
    [32767, 5, -5, 0, 32767, -32767],
]


def crc16(data: bytes) -> int:
    """Return CRC-16/CCITT-FALSE, bit by bit."""
    register = 0xFFFF
    for byte in data:
        for bit in range(7, -1, -1):
            feedback = (register >> 15) ^ ((byte >> bit) & 1)
            register = ((register << 1) & 0xFFFF) ^ (0x1021 if feedback else 0)
    return register


def cobs(data: bytes) -> bytes:
    """Return the COBS coding of at most 253 bytes."""
    return b"".join(bytes([len(run) + 1]) + run for run in data.split(b"\0"))


def sealed(payload: bytes) -> bytes:
    """Return payload and CRC."""
    return payload + struct.pack("<H", crc16(payload))


def frame(payload: bytes) -> bytes:
    """Return the serial frame, ended by 0x00."""
    return cobs(sealed(payload)) + b"\0"


def header(kind: int, sequence: int, flags: int = 0, version: int = 1) -> bytes:
    """Return the four bytes that every packet starts with."""
    return struct.pack("<BBH", kind, version << 4 | flags, sequence)


def command(name: str, sequence: int, body: bytes = b"") -> bytes:
    """Return the payload of a command."""
    return header(0x10 + COMMANDS.index(name), sequence) + body


def reply(name: str, sequence: int, result: str = "OK", state: str = "IDLE", body: bytes = b"") -> bytes:
    """Return the payload of a reply."""
    kind = 0x90 + COMMANDS.index(name)
    return header(kind, sequence) + bytes([RESULTS.index(result), STATES.index(state)]) + body


def imu(sequence: int, t_us: int, samples: list[tuple[int, list[int]]], scales: int = 0x33, flags: int = 0) -> bytes:
    """Return an IMU packet; samples are (dt_us, six counts)."""
    body = struct.pack("<QBBh", t_us % 2**64, len(samples), scales, 2345)
    return header(1, sequence, flags) + body + b"".join(struct.pack("<H6h", dt, *counts) for dt, counts in samples)


def sync_event(sequence: int, t_us: int, source: int, level: int, pulse: int, seed: int) -> bytes:
    """Return a SYNC_EVENT packet."""
    return header(2, sequence) + struct.pack("<QBBHII", t_us, source, level, 0, pulse, seed)


def status_body(t_us: int, state: int = 0, **counts: int) -> bytes:
    """Return bytes 4 to 51 of STATUS of the device of the conversations."""
    names = ["dropped", "packets", "bad", "oversized", "overrun", "refused", "taken", "overruns"]
    head = struct.pack("<QBBHBBH", t_us, state, 0, 3900, 76, 0, counts.get("restarts", 0))
    return head + b"".join(struct.pack("<I", counts.get(name, 0)) for name in names)


def identity_body(t_us: int) -> bytes:
    """Return bytes 4 to 39 of IDENTITY of the device of the conversations."""
    return b"TNDM" + struct.pack("<BBBBQBBBBIIQ", 0, 2, 0, 0, SERIAL_NUMBER, *FIRMWARE, 16, 7, 0x7E, t_us)


def calibration(serial_number: int = SERIAL_NUMBER) -> bytes:
    """Return a calibration block."""
    values = [0.05, -0.02, 0.1, 1.001, 0.002, 0, 0, 0.999, 0.001, 0, 0, 1.0005, 0.01, -0.005, 0.0025]
    values += [1, 0, 0, 0, 1, 0, 0, 0, 1]
    return struct.pack("<BBhQQ24f4x", 1, 3, 2500, serial_number, 1_790_000_000, *values)


def train(seed: int, count: int) -> list[int]:
    """Return the spacings of a dithered train, us."""
    spacings, x = [], seed
    for _ in range(count):
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        spacings.append(1000 * (700 + x % 601))
    return spacings


def packet(name: str, payload: bytes, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - ends in JSON
    """Return one entry of ``packets``."""
    return {"name": name, "payload": payload.hex(), "serial": frame(payload).hex(), "ble": sealed(payload).hex(),
            "fields": fields}  # fmt: skip


def packets() -> list[dict[str, Any]]:
    """Return one example at least of every packet."""
    full = [(0, REPLAY[0])] + [(5000, [i, -i, 2048 + i, 10 * i, -10 * i, 7]) for i in range(1, 16)]
    rest = struct.pack("<QHBB6i", 5_000_000, 100, 0x33, 0, 160, -80, 3, 16, -16, 32768)
    notice = struct.pack("<QHHI", 123_456_789, 1, 0, 50_000)
    return [
        packet("imu_one", imu(7, 123456789, [(0, REPLAY[1])]), sequence=7, t_us=123456789, count=1,
               accel=[REPLAY[1][:3]], gyro=[REPLAY[1][3:]], scales=0x33, temperature=2345),
        packet("imu_sixteen", imu(65530, 2**40, full), sequence=65530, t_us=2**40, count=16),
        packet("imu_all_zero_counts", imu(0, 0, [(0, [0] * 6)]), sequence=0, t_us=0, count=1),
        packet("imu_all_ff", imu(65535, 2**64 - 1, [(0, [-1] * 6)]), sequence=65535, t_us=2**64 - 1, count=1),
        packet("imu_missing_and_saturated", imu(3, 1, [(0, [-32768] * 3 + [32767, -32767, 0])], flags=1), sequence=3,
               t_us=1, count=1, flags=1),
        packet("imu_second_scales", imu(4, 9, [(0, REPLAY[1])], scales=0x72, flags=6), sequence=4, t_us=9, count=1,
               flags=6, scales=0x72),
        packet("sync_event_led", sync_event(2, 77_000_000, 1, 1, 2, 12345), sequence=2, t_us=77_000_000, source=1,
               level=1, pulse=2, seed=12345),
        packet("sync_event_jack", sync_event(3, 78_000_000, 0, 0, 9, 0), sequence=3, t_us=78_000_000, source=0,
               level=0, pulse=9, seed=0),
        packet("status", header(3, 1) + status_body(2_000_000, 1, taken=100, dropped=3, bad=1), sequence=1,
               t_us=2_000_000, state=1, samples_taken=100, samples_dropped=3, rx_bad=1, battery_mv=3900),
        packet("notice_silent", header(4, 5) + notice, sequence=5, t_us=123_456_789, notice=1, detail=50_000),
        packet("rest", header(5, 6) + rest, sequence=6, t_us=5_000_000, count=100, scales=0x33,
               gyro_mean=[160, -80, 3], accel_mean=[16, -16, 32768]),
        packet("identity", header(6, 0) + identity_body(BOOT_US), sequence=0, t_us=BOOT_US,
               serial_number=SERIAL_NUMBER, boot_count=7, capabilities=0x7E),
        packet("command_identify", command("IDENTIFY", 1), sequence=1),
        packet("command_ping", command("PING", 2, struct.pack("<Q", 0x1122334455667788)), sequence=2,
               cookie=0x1122334455667788),
        packet("command_set_rate", command("SET_RATE", 3, struct.pack("<H", 200)), sequence=3, rate_hz=200),
        packet("command_sync", command("SYNC", 4, struct.pack("<BBHI", 2, 0, 100, 12345)), sequence=4),
        packet("command_write_calibration", command("WRITE_CALIBRATION", 5, calibration()), sequence=5),
        packet("reply_ping", reply("PING", 2, body=struct.pack("<QQQQ", 5, 1_000_100, 1_000_200, 0)), sequence=2,
               cookie=5, t_rx_us=1_000_100, t_tx_us=1_000_200, anchor_us=0),
        packet("reply_wrong_state", reply("SET_RATE", 9, "WRONG_STATE", "STREAMING"), sequence=9),
    ]  # fmt: skip


def streams() -> list[dict[str, Any]]:
    """Return byte streams, some damaged, and what a receiver makes of them."""
    one, two = imu(1, 1000, [(0, REPLAY[1])]), imu(2, 6000, [(0, REPLAY[2])])
    good, next_one = frame(one), frame(two)
    flipped = bytearray(good)
    flipped[10] ^= 0x04
    longest = imu(0, 5, [(0, REPLAY[0])] + [(5000, REPLAY[1])] * 15)
    zeroed = bytearray(good)
    zeroed[12] = 0
    jump = bytearray(good)
    jump[0] = 200
    wrong_crc = cobs(one + struct.pack("<H", crc16(one) ^ 1)) + b"\0"
    cases = [
        ("two whole frames", good + next_one, [one, two], 0, 0),
        ("starts in mid-frame", good[9:] + next_one, [two], 1, 0),
        ("one flipped bit", bytes(flipped) + next_one, [two], 1, 0),
        ("a byte turned into the delimiter", bytes(zeroed) + next_one, [two], 2, 0),
        ("one byte lost", good[:14] + good[15:] + next_one, [two], 1, 0),
        ("delimiter lost", good[:-1] + next_one + good, [one], 1, 0),
        ("COBS jumps over the end", bytes(jump) + next_one, [two], 1, 0),
        ("wrong CRC", wrong_crc + next_one, [two], 1, 0),
        ("empty frames", b"\0\0\0" + good + b"\0\0" + next_one + b"\0", [one, two], 0, 0),
        ("too short", frame(b"\x01\x10\x00")[:-1] + b"\0" + good, [one], 1, 0),
        ("only a CRC", cobs(struct.pack("<H", crc16(b""))) + b"\0" + good, [one], 1, 0),
        ("longest frame", frame(longest) + good, [longest, one], 0, 0),
        ("one byte too long", b"\xf5" + b"\x01" * 243 + b"\0" + good, [one], 0, 1),
        ("endless line", b"\x55" * 5000 + b"\0" + good, [one], 0, 1),
        ("reset in mid-frame", good[:20] + b"\0" + next_one, [two], 1, 0),
    ]
    return [
        {"name": name, "bytes": data.hex(), "accepted": [payload.hex() for payload in accepted], "bad": bad,
         "oversized": oversized}
        for name, data, accepted, bad, oversized in cases
    ]  # fmt: skip


def step(at_us: int, expect: list[bytes], send: bytes = b"", raw: bytes = b"") -> dict[str, Any]:
    """Return one step of a conversation: at this device time the host sends, and all that the device answers."""
    return {
        "at_us": at_us,
        "send": (raw or (frame(send) if send else b"")).hex(),
        "expect": [p.hex() for p in expect],
    }


def refused(sequence: int, result: str, at_us: int, payload: bytes, state: str = "IDLE") -> dict[str, Any]:
    """Return a step in which the device refuses."""
    answer = header(payload[0] | 0x80, sequence) + bytes([RESULTS.index(result), STATES.index(state)])
    return step(at_us, [answer], payload)


def conversations() -> list[dict[str, Any]]:
    """Return dialogues with the device described by ``device``; nothing else comes out of it."""
    t = BOOT_US
    hello = step(t, [header(6, 0) + identity_body(t)])
    settings = [
        hello,
        step(t + 10, [reply("IDENTIFY", 1, body=identity_body(t + 10))], command("IDENTIFY", 1)),
        step(t + 20, [reply("GET_VERSION", 2, body=VERSION_TEXT.encode())], command("GET_VERSION", 2)),
        step(t + 30, [reply("SET_RATE", 3, body=struct.pack("<IH", 200_000, 0))],
             command("SET_RATE", 3, struct.pack("<H", 200))),
        step(t + 40, [reply("SET_RANGE", 4, body=b"\x23")], command("SET_RANGE", 4, b"\x03\x02")),
        step(t + 50, [reply("SET_BATCH", 5, body=b"\x04")], command("SET_BATCH", 5, b"\x04")),
        step(t + 60, [reply("GET_BATTERY", 6, body=struct.pack("<HBB", 3900, 76, 0))], command("GET_BATTERY", 6)),
        step(t + 70, [reply("PING", 7, body=struct.pack("<QQQQ", 99, t + 70, t + 70, 0))],
             command("PING", 7, struct.pack("<Q", 99))),
        step(t + 80, [reply("GET_STATUS", 8, body=status_body(t + 80))], command("GET_STATUS", 8)),
        step(t + 90, [reply("READ_CALIBRATION", 9, "NO_DATA")], command("READ_CALIBRATION", 9)),
        step(t + 100, [reply("WRITE_CALIBRATION", 10)], command("WRITE_CALIBRATION", 10, calibration())),
        step(t + 110, [reply("READ_CALIBRATION", 11, body=calibration())], command("READ_CALIBRATION", 11)),
        step(t + 120, [reply("STOP", 12, body=struct.pack("<II", 0, 0))], command("STOP", 12)),
    ]  # fmt: skip
    nan_block = bytearray(calibration())
    nan_block[20:24] = struct.pack("<f", float("nan"))
    refusals = [
        hello,
        refused(1, "BAD_VALUE", t + 10, command("SET_RATE", 1, struct.pack("<H", 123))),
        refused(2, "BAD_LENGTH", t + 20, command("SET_RATE", 2, b"\xc8")),
        refused(3, "BAD_LENGTH", t + 30, command("START", 3, b"\0")),
        refused(4, "UNKNOWN_COMMAND", t + 40, header(0x5A, 4) + b"abc"),
        refused(5, "UNKNOWN_VERSION", t + 50, header(0x10, 5, version=2)),
        refused(6, "UNKNOWN_VERSION", t + 60, header(0x5A, 6, version=15)),
        refused(7, "BAD_VALUE", t + 70, command("SET_RANGE", 7, b"\x04\x00")),
        refused(8, "BAD_VALUE", t + 80, command("SET_BATCH", 8, b"\x11")),
        refused(9, "BAD_VALUE", t + 90, command("SYNC", 9, struct.pack("<BBHI", 2, 0, 100, 0))),
        refused(10, "BAD_VALUE", t + 100, command("SYNC", 10, struct.pack("<BBHI", 1, 0, 19, 1))),
        refused(11, "BAD_VALUE", t + 110, command("WRITE_CALIBRATION", 11, calibration(1))),
        refused(12, "BAD_VALUE", t + 120, command("WRITE_CALIBRATION", 12, bytes(nan_block))),
        refused(13, "BAD_VALUE", t + 130, command("RESET", 13, struct.pack("<I", 1))),
        step(t + 140, [], header(0x81, 14)),
        step(t + 150, [], raw=frame(command("IDENTIFY", 15))[:-2] + b"\x77\0"),
        step(t + 160, [], raw=b"\x55" * 1000 + b"\0"),
        step(t + 170, [reply("GET_STATUS", 16, body=status_body(t + 170, bad=2, oversized=1))],
             command("GET_STATUS", 16)),
    ]  # fmt: skip
    start = t + 100
    first = [(0, REPLAY[0]), (10_000, REPLAY[1])]
    streaming = [
        hello,
        step(t + 10, [reply("SET_BATCH", 1, body=b"\x02")], command("SET_BATCH", 1, b"\x02")),
        step(start, [reply("START", 2, state="STREAMING", body=struct.pack("<Q", start))], command("START", 2)),
        step(start + 10_000, []),
        step(start + 20_000, [imu(0, start + 10_000, first)]),
        refused(3, "WRONG_STATE", start + 20_100, command("SET_RATE", 3, struct.pack("<H", 200)), "STREAMING"),
        refused(4, "WRONG_STATE", start + 20_200, command("START", 4), "STREAMING"),
        refused(5, "WRONG_STATE", start + 20_300, command("SELF_TEST", 5), "STREAMING"),
        step(start + 40_000, [imu(2, start + 30_000, [(0, REPLAY[2]), (10_000, REPLAY[3])], flags=1)]),
        step(start + 45_000, [reply("STOP", 6, body=struct.pack("<II", 4, 0))], command("STOP", 6)),
        step(start + 80_000, []),
    ]
    pulse = t + 5_100
    spacing = train(12345, 1)[0]
    syncing = [
        hello,
        step(t + 100, [reply("SYNC", 1, body=struct.pack("<Q", pulse))],
             command("SYNC", 1, struct.pack("<BBHI", 2, 0, 50, 12345))),
        step(pulse, [sync_event(0, pulse, 1, 1, 0, 12345)]),
        step(pulse + 50_000, [sync_event(1, pulse + 50_000, 1, 0, 0, 12345)]),
        step(pulse + spacing, [sync_event(2, pulse + spacing, 1, 1, 1, 12345)]),
        step(pulse + spacing + 10_000,
             [reply("SYNC", 2, body=struct.pack("<Q", 0)),
              sync_event(3, pulse + spacing + 10_000, 1, 0, 1, 12345)],
             command("SYNC", 2, struct.pack("<BBHI", 0, 0, 50, 0))),
    ]  # fmt: skip
    return [
        {"name": "settings", "steps": settings},
        {"name": "refusals", "steps": refusals},
        {"name": "streaming", "steps": streaming},
        {"name": "sync train", "steps": syncing},
    ]


def main() -> None:
    """Write the file beside this one."""
    vectors = {
        "protocol": {"major": 1, "minor": 0},
        "constants": {"results": RESULTS, "states": STATES, "commands": COMMANDS, "stream_kinds": STREAM_KINDS,
                      "notices": NOTICES, "max_payload": 240, "max_frame": 243},
        "crc": [{"bytes": data.hex(), "crc": crc16(data)} for data in (b"123456789", b"\0", b"\xff" * 240)],
        "packets": packets(),
        "streams": streams(),
        "train": {"seed": 12345, "spacings_us": train(12345, 20)},
        "device": {"serial_number": SERIAL_NUMBER, "boot_us": BOOT_US, "boot_count": 7, "battery_mv": 3900,
                   "battery_percent": 76, "charging": 0, "temperature": 2345, "replay": REPLAY},
        "conversations": conversations(),
    }  # fmt: skip
    text = json.dumps(vectors, indent=1)
    Path(__file__).with_name("vectors.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
