"""``tandem self-test ADDRESS``: let a Tandem wearable test itself."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace
from typing import ClassVar

from apps.commands._output import say
from fusion.errors import DeviceError, UsageError


class SelfTest:
    """Asks one wearable for its self-test."""

    summary: ClassVar[str] = "let a Tandem wearable test itself"
    description: ClassVar[str] = (
        "Let a Tandem wearable test its sensor (identity, data-ready, the sensor's own stimulus), its memory and\n"
        "its battery gauge. It must lie still; it takes two seconds. Exit code 3 when something failed."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add the address."""
        parser.add_argument(
            "address", metavar="ADDRESS", help="which wearable: serial:PORT, ble:ADDRESS, tcp:HOST:PORT"
        )

    def run(self, options: Namespace) -> None:
        """Test, and print what was found."""
        from drivers.calibration.session import self_test
        from drivers.lab import TRANSPORTS, USUAL_DEVICE, split_address
        from fusion.plugins import load

        transport, device, target = split_address(options.address)
        if device != USUAL_DEVICE:
            raise UsageError(f"only a Tandem wearable tests itself so; got {device!r} in {options.address!r}.")
        failed = asyncio.run(self_test(load(TRANSPORTS, transport), target))
        if failed:
            raise DeviceError(
                f"the self-test failed: {'; '.join(failed)}. Check the wiring, and test again lying still."
            )
        say("the self-test passed: sensor, memory, battery gauge")


PLUGIN = SelfTest
