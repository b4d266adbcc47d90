"""Write the golden vectors as seeds of the fuzz target: ``seeds.py vectors.json FOLDER``."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    """Convert."""
    source, folder = map(Path, sys.argv[1:3])
    folder.mkdir(parents=True, exist_ok=True)
    vectors = json.loads(source.read_text(encoding="utf-8"))
    seeds = [b"\1" + bytes.fromhex(stream["bytes"])[:600] for stream in vectors["streams"]]
    for talk in vectors["conversations"]:
        sent = [bytes.fromhex(step["send"]) for step in talk["steps"]]
        seeds.append(b"\1" + b"".join(sent)[:600])
    for packet in vectors["packets"]:
        payload = bytes.fromhex(packet["payload"])
        seeds.append(b"\0" + bytes([(len(payload) - 4) % 130]) + payload)
        seeds.append(b"\2" + bytes([(len(payload) - 4) % 130]) + payload)
    for number, seed in enumerate(seeds):
        (folder / f"seed_{number:03d}").write_bytes(seed)


if __name__ == "__main__":
    main()
