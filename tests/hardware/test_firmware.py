"""The firmware's own tests, its ports, static analysis and a short fuzz: what ``make test`` in its folder runs."""

import re

from tests.hardware.toolchain import BUILD, make, need

CORE_FLASH, CORE_RAM = 16 * 1024, 8 * 1024


def test_the_cores_tests_pass_under_sanitizers():
    need("make", "gcc")
    told = make("unit")
    checks, failures = map(int, re.search(r"(\d+) checks, (\d+) failures", told).groups())
    assert failures == 0
    assert checks > 6000


def test_every_port_builds_without_a_warning_and_the_core_is_small():
    need("make", "gcc", "arm-none-eabi-gcc")
    told = make("size")
    rows = dict(re.findall(r"\| ([^|]+?) \| ([\d]+ \| [\d]+) \|", told))
    assert {"qemu_mps2_an385", "nrf52840_icm42688p", "nrf52840_lsm6dsv"} <= set(rows)
    flash, ram = map(int, next(value for name, value in rows.items() if name.startswith("core")).split(" | "))
    assert flash <= CORE_FLASH
    assert ram <= CORE_RAM
    assert (BUILD / "libtandem_host.so").exists()


def test_static_analysis_finds_nothing():
    need("make", "cppcheck")
    make("lint")


def test_the_parser_withstands_a_short_fuzz():
    need("make", "clang")
    told = make("fuzz", FUZZ_RUNS=20_000)
    executed = int(re.search(r"number_of_executed_units: (\d+)", told).group(1))
    assert executed >= 20_000
