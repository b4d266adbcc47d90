"""Fixtures of the firmware tests."""

import pytest

from tests.hardware.host_wearable import library
from tests.hardware.toolchain import BUILD, make, need


@pytest.fixture(scope="session")
def firmware_library():
    """Return the firmware built as a library."""
    need("make", "gcc")
    make(f"{BUILD}/libtandem_host.so")
    return library()


@pytest.fixture(scope="session")
def firmware_image():
    """Build the firmware for the emulated Cortex-M3."""
    need("make", "arm-none-eabi-gcc", "qemu-system-arm")
    make(f"{BUILD}/qemu_mps2_an385.elf")
    return BUILD / "qemu_mps2_an385.elf"
