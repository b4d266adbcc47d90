"""``tandem devices``: what is there, which driver knows it, and what to write into the lab file."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from apps.commands._output import say, tell
from fusion.errors import DeviceError
from fusion.plugins import load, names

if TYPE_CHECKING:
    from drivers.base import DeviceInfo, Found

DEVICES, TRANSPORTS, CAMERAS = "drivers.devices", "drivers.transport", "drivers.camera"
SCANNED = ("ble", "serial")
"""The transports on which devices show themselves; the others are addressed."""


class Devices:
    """Scans, and explains what it saw."""

    summary: ClassVar[str] = "find wearables and say how to write them into the lab file"
    description: ClassVar[str] = (
        "Scan Bluetooth and the serial ports, say which driver knows what was found and which address to write into\n"
        "the lab file. A wearable that is connected to a phone or another program is silent and not found.\n"
        "--kinds lists every driver: what it is reached by, its rates, and what it was tested against."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add how long to scan, and the list of drivers."""
        parser.add_argument("--seconds", type=float, default=5.0, help="how long to listen on Bluetooth (default: 5)")
        parser.add_argument("--kinds", action="store_true", help="list the drivers instead of scanning")

    def run(self, options: Namespace) -> None:
        """Scan and print."""
        if options.kinds:
            say("\n".join(kind_lines()))
            return
        found, refused = asyncio.run(_scan(min(max(options.seconds, 0.5), 60.0)))
        for reason in refused:
            tell(reason)
        if len(refused) == len(SCANNED):
            raise DeviceError("nothing could be scanned; the lines above say why.")
        say("\n".join(found_lines(found)))


def found_lines(found: Sequence[Found]) -> list[str]:
    """Return one line for each device that was found, those with a driver first."""
    known, others = [], []
    for each in found:
        drivers = recognisers(each)
        signal = f", {each.rssi_dbm:.0f} dBm" if each.rssi_dbm == each.rssi_dbm else ""
        seen = f"{each.name or 'no name'} at {each.address}{signal}"
        if drivers:
            title = load(DEVICES, drivers[0]).info.title
            known.append(f'{title}: {seen}\n    address = "{each.transport}:{drivers[0]}:{each.address}"')
        else:
            others.append(f"  {each.transport}: {seen}")
    lines = known or ["No wearable with a driver was found. Switch it on, and disconnect it from phones."]
    if others:
        lines += ["", f"Not recognised ({len(others)}); name the driver yourself if one is yours:", *others]
    return lines


def recognisers(found: Found) -> tuple[str, ...]:
    """Return the drivers that know a scan result."""
    return tuple(
        name
        for name in names(DEVICES)
        if found.transport in (device := load(DEVICES, name)).info.transports and device.recognises(found)
    )


def kind_lines() -> list[str]:
    """Return what every driver can do, a paragraph each."""
    lines = []
    for name in names(DEVICES):
        info: DeviceInfo = load(DEVICES, name).info
        rates = ", ".join(f"{rate:g}" for rate in info.rates_hz)
        lines += [
            f"{name}: {info.title}",
            f"    reached by {', '.join(info.transports)}" + (f"; {rates} Hz" if rates else ""),
            f"    {_abilities(info)}",
            f"    tested against: {', '.join(info.tested_against)}",
        ]
        if info.notes:
            lines.append(f"    {info.notes}")
    return [*lines, "", f"cameras: {', '.join(names(CAMERAS)) or 'none'}"]


def _abilities(info: DeviceInfo) -> str:
    able = {
        "sends its own time": info.clock == "device",
        "counts losses": info.has_counter,
        "notices damage": info.has_checksum,
        "tells its battery": info.has_battery,
        "clock pinned from both sides": info.answers_pings,
    }
    cannot = [f"not: {word}" for word, can in able.items() if not can]
    return "; ".join([*(word for word, can in able.items() if can), *cannot])


async def _scan(seconds: float) -> tuple[list[Found], list[str]]:
    """Return what was found, and which transports refused and why."""
    results = await asyncio.gather(
        *(load(TRANSPORTS, name).scan(seconds) for name in SCANNED), return_exceptions=True
    )
    found: list[Found] = []
    refused: list[str] = []
    for name, result in zip(SCANNED, results, strict=True):
        if isinstance(result, DeviceError):
            refused.append(f"{name}: {result}")
        elif isinstance(result, ModuleNotFoundError):
            refused.append(f'{name}: the library {result.name} is missing: pip install "tandem-gait[devices]"')
        elif isinstance(result, BaseException):
            raise result
        else:
            found += result
    return found, refused


PLUGIN = Devices
