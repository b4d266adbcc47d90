"""Print flash and RAM of every port: ``size_table.py SIZE NM BUILD_FOLDER``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def numbers(size: str, elf: Path) -> tuple[int, int]:
    """Return flash (code, constants, initial values) and RAM (variables, without the stack), bytes."""
    line = subprocess.run([size, str(elf)], check=True, capture_output=True, text=True).stdout.splitlines()[1]
    text, data, bss = (int(word) for word in line.split()[:3])
    return text + data, data + bss


def symbol_size(nm: str, elf: Path, name: str) -> int:
    """Return the size of a variable, bytes."""
    listed = subprocess.run([nm, "-S", str(elf)], check=True, capture_output=True, text=True).stdout
    return next(int(words[1], 16) for words in map(str.split, listed.splitlines()) if words[-1] == name)


def main() -> None:
    """Print a Markdown table; the core has no variables but the struct that its owner gives it."""
    size, nm, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    core_ram = symbol_size(nm, folder / "qemu_mps2_an385.elf", "device")
    rows = ["| built | flash, byte | RAM, byte |", "|---|---|---|"]
    rows.append(f"| core alone (Cortex-M3, -Os) | {numbers(size, folder / 'core.o')[0]} | {core_ram} |")
    for elf in sorted(folder.glob("*.elf")):
        flash, ram = numbers(size, elf)
        rows.append(f"| {elf.stem} | {flash} | {ram} |")
    sys.stdout.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
