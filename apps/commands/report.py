"""``tandem report RECORDING --out FILE.pdf``: only the report."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import date
from typing import ClassVar

from apps.commands._arguments import SOURCES, add_out, add_recording, add_use, read_recording
from apps.commands._output import Progress, say
from apps.commands._results import quality_lines
from fusion.errors import StorageError, UsageError


class Report:
    """Analyses a recording and writes the pages that a clinician reads."""

    summary: ClassVar[str] = "analyse a recording and write only the report, a PDF"
    description: ClassVar[str] = (
        "Analyse a recorded walk and write the report for the clinician as one PDF file.\n"
        "'tandem analyse' writes the same report together with the tables."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add recording, file and sensors."""
        add_recording(parser)
        add_out(parser, "FILE.pdf", "the report; an earlier one is replaced")
        add_use(parser)

    def run(self, options: Namespace) -> None:
        """Analyse and write the report."""
        from fusion.pipeline import analyse
        from fusion.report.pdf import write_report

        if options.out.suffix.lower() != ".pdf":
            raise UsageError(f"--out must name a PDF file; got '{options.out}'. End the name with .pdf.")
        if not options.out.parent.is_dir():
            raise StorageError(f"the folder '{options.out.parent}' is not there. Create it or choose another folder.")
        recording = read_recording(options.recording)
        with Progress() as progress:
            analysis = analyse(recording, SOURCES[options.use], progress.part(0.0, 0.6))
            progress("report", 0.6)
            write_report(analysis, options.out, created_on=date.today())
        for line in quality_lines(analysis):
            say(line)
        say(f"\nWritten: {options.out}")


PLUGIN = Report
