"""Write the golden vectors as C arrays: ``vectors_to_c.py vectors.json out.h``."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def array(name: str, hex_text: str) -> str:
    """Return one constant array; C has no empty ones, so that of nothing has one byte."""
    data = bytes.fromhex(hex_text)
    body = ",".join(str(byte) for byte in data) or "0"
    return f"static const uint8_t {name}[] = {{{body}}};\n#define {name}_SIZE {len(data)}u\n"


def table(kind: str, name: str, rows: list[str]) -> str:
    """Return a table of structs."""
    return f"static const struct {kind} {name}[] = {{\n" + "".join(f"    {{{row}}},\n" for row in rows) + "};\n"


def pieces(prefix: str, payloads: list[str]) -> tuple[str, str]:
    """Return the arrays of a list of payloads, joined with their lengths before them, and their number."""
    joined = "".join(f"{len(payload) // 2:02x}{payload}" for payload in payloads)
    return array(prefix, joined), str(len(payloads))


def header(vectors: dict) -> str:
    """Return the whole header."""
    text = ["/* Written from vectors.json by vectors_to_c.py. */\n"]
    rows = []
    for i, item in enumerate(vectors["crc"]):
        text.append(array(f"CRC_{i}", item["bytes"]))
        rows.append(f"CRC_{i}, CRC_{i}_SIZE, {item['crc']}u")
    text.append(table("crc_vector", "crc_vectors", rows))
    rows = []
    for i, item in enumerate(vectors["packets"]):
        for field in ("payload", "serial", "ble"):
            text.append(array(f"PACKET_{i}_{field}", item[field]))
        names = ", ".join(f"PACKET_{i}_{field}, PACKET_{i}_{field}_SIZE" for field in ("payload", "serial", "ble"))
        rows.append(f'"{item["name"]}", {names}')
    text.append(table("packet_vector", "packet_vectors", rows))
    rows = []
    for i, item in enumerate(vectors["streams"]):
        text.append(array(f"STREAM_{i}", item["bytes"]))
        accepted, count = pieces(f"ACCEPTED_{i}", item["accepted"])
        text.append(accepted)
        rows.append(
            f'"{item["name"]}", STREAM_{i}, STREAM_{i}_SIZE, ACCEPTED_{i}, {count}u, {item["bad"]}u, '
            f"{item['oversized']}u"
        )
    text.append(table("stream_vector", "stream_vectors", rows))
    rows = []
    for i, talk in enumerate(vectors["conversations"]):
        for k, step in enumerate(talk["steps"]):
            text.append(array(f"SEND_{i}_{k}", step["send"]))
            expected, count = pieces(f"EXPECT_{i}_{k}", step["expect"])
            text.append(expected)
            rows.append(
                f'"{talk["name"]}", {i}, {step["at_us"]}, SEND_{i}_{k}, SEND_{i}_{k}_SIZE, EXPECT_{i}_{k}, {count}u'
            )
    text.append(table("step_vector", "step_vectors", rows))
    device = vectors["device"]
    replay = ["0, {" + ", ".join(map(str, counts)) + "}" for counts in device["replay"]]
    text.append(table("tw_replay_record", "replay_records", replay))
    for name in ("serial_number", "boot_us", "boot_count", "battery_mv", "battery_percent", "temperature"):
        suffix = "" if name == "temperature" else "u"
        text.append(f"#define DEVICE_{name.upper()} {device[name]}{suffix}\n")
    train = vectors["train"]
    text.append(f"#define TRAIN_SEED {train['seed']}u\n")
    text.append(f"static const uint32_t train_us[] = {{{', '.join(f'{us}u' for us in train['spacings_us'])}}};\n")
    return "".join(text)


def main() -> None:
    """Convert."""
    source, out = map(Path, sys.argv[1:3])
    out.write_text(header(json.loads(source.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
