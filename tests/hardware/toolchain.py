"""Builds the firmware for the tests, once; says what is missing where it cannot."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "hardware" / "firmware"
BUILD = ROOT / "out" / "firmware"
REQUIRED = os.environ.get("TANDEM_REQUIRE_TOOLCHAIN", "") == "1"

PACKAGES = {
    "make": "make",
    "gcc": "gcc and libc6-dev",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi and libnewlib-arm-none-eabi",
    "qemu-system-arm": "qemu-system-arm",
    "clang": "clang and libclang-rt-dev",
    "cppcheck": "cppcheck",
}


def need(*programs):
    """Skip with the reason when a program is missing; fail where it must be there (TANDEM_REQUIRE_TOOLCHAIN=1)."""
    missing = [PACKAGES[name] for name in programs if shutil.which(name) is None]
    if missing:
        told = f"install {', '.join(missing)} to test the firmware"
        if REQUIRED:
            pytest.fail(f"{told} (TANDEM_REQUIRE_TOOLCHAIN=1)")
        pytest.skip(told)


def make(*targets, **settings):
    """Return the output of ``make`` in the firmware's folder; parallel test workers wait for each other."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        words = [f"{name}={value}" for name, value in {"OUT": BUILD, **settings}.items()]
        done = subprocess.run(
            ["make", "-C", str(FIRMWARE), *words, *targets], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout + done.stderr
