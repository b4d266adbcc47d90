"""``tandem import CSV --out RECORDING``: data of any lab, as tidy CSV, becomes a recording."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import ClassVar

from apps.commands._arguments import add_out
from apps.commands._output import say
from fusion.errors import FormatError, UsageError


class Import:
    """Reads tidy CSV and saves it as a recording folder."""

    summary: ClassVar[str] = "turn tidy CSV files of any lab into a recording"
    description: ClassVar[str] = (
        "Turn tidy CSV into a recording folder. One row is one sample; units stand in the column names.\n\n"
        "  imu.csv        time_s, segment, accel_x_mps2, accel_y_mps2, accel_z_mps2,\n"
        "                 gyro_x_radps, gyro_y_radps, gyro_z_radps   (also _g, _mg and _dps)\n"
        "  keypoints.csv  time_s, camera, point, u_px, v_px, confidence   (or x_m, y_m, z_m)\n"
        "  subject.json   identifier, height_m, leg_length_m, age_years, sex\n"
        "  cameras.json   a list of cameras as in recording.json\n\n"
        "Each file may be left out, but not both CSV files. An empty cell is a missing value."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add the CSV and the new recording."""
        parser.add_argument("csv", type=Path, metavar="CSV", help="folder with these files, or one CSV file")
        add_out(parser, "RECORDING", "folder for the recording; new or empty")

    def run(self, options: Namespace) -> None:
        """Read, save, and say what came in."""
        from fusion.recording.folder import save_recording
        from fusion.recording.inspect import describe, inspect
        from fusion.recording.tidy_csv import read_tidy_csv

        try:
            recording = read_tidy_csv(options.csv)
        except UsageError as cause:
            raise FormatError(f"'{options.csv}': {cause}") from cause
        save_recording(recording, options.out)
        say(describe(inspect(recording)).rstrip("\n"))
        say(f"\nWritten: {options.out}")


PLUGIN = Import
