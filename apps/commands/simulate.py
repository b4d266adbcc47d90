"""``tandem simulate --out RECORDING``: a recording of a walker whose every number is known."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import ClassVar

from apps.commands._arguments import add_out, add_seed
from apps.commands._output import say


class Simulate:
    """Saves a simulated recording, to try things without a person."""

    summary: ClassVar[str] = "save a simulated recording: one side camera, wearables on pelvis and shanks"
    description: ClassVar[str] = (
        "Save the recording of a simulated walker: one side camera at 30 Hz and wearables at 100 Hz on pelvis\n"
        "and both shanks, with the errors that such devices have. The same seed gives the same recording."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add folder, seed and how the person walks."""
        add_out(parser, "RECORDING", "folder for the recording; new or empty")
        parser.add_argument("--seconds", type=float, default=30.0, help="length of the recording (default: 30)")
        add_seed(parser)
        parser.add_argument(
            "--speed", type=float, default=1.3, metavar="MPS", help="walking speed, m/s (default: 1.3)"
        )
        parser.add_argument(
            "--surface", choices=("treadmill", "overground"), default="treadmill", help="default: treadmill"
        )

    def run(self, options: Namespace) -> None:
        """Simulate and save."""
        from fusion.recording.folder import save_recording
        from fusion.simulate import SimulationSettings, WalkerSettings, simulate

        settings = SimulationSettings(
            duration_s=options.seconds,
            seed=options.seed,
            surface=options.surface,
            walker=WalkerSettings(speed_mps=options.speed),
        )
        simulation = simulate(settings)
        save_recording(simulation.recording, options.out)
        say(f"Simulated {settings.walking_s:.1f} s of walking at {options.speed:g} m/s, seed {options.seed}.")
        say(f"Written: {options.out}")


PLUGIN = Simulate
