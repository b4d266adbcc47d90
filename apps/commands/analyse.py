"""``tandem analyse RECORDING --out DIR``: gait parameters on the screen, tables and report in a folder."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import ClassVar

from apps.commands._arguments import SOURCES, add_out, add_recording, add_use, read_recording
from apps.commands._output import Progress, say, tell
from apps.commands._results import parameter_lines, quality_lines, report_pdf, write_everything


class Analyse:
    """One recording in, one folder of results out."""

    summary: ClassVar[str] = "analyse a recording: print the gait parameters, write tables and the report"
    description: ClassVar[str] = (
        "Analyse a recorded walk. Prints how far the recording can be trusted, then every gait parameter with\n"
        "its 95 % interval. Writes into DIR: report.pdf, parameters.csv, strides.csv, events.csv,\n"
        "motion.parquet, analysis.json, provenance.json. All files are written, or none."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add recording, folder, sensors and whether a report is made."""
        add_recording(parser)
        add_out(parser, "DIR", "folder for the results: new, empty, or with earlier results, which are replaced")
        add_use(parser)
        parser.add_argument("--no-report", action="store_true", help="write the tables only, no report.pdf")

    def run(self, options: Namespace) -> None:
        """Analyse, write, print."""
        from fusion.export.tables import check_folder
        from fusion.pipeline import analyse

        check_folder(options.out)
        recording = read_recording(options.recording)
        with Progress() as progress:
            share = 1.0 if options.no_report else 0.6
            analysis = analyse(recording, SOURCES[options.use], progress.part(0.0, share))
            pdf, missing = None, ""
            if not options.no_report:
                progress("report", share)
                pdf, missing = report_pdf(analysis)
            progress("writing", 0.98)
            written = write_everything(analysis, options.out, pdf)
        if missing:
            tell(f"No report.pdf, only tables: {missing}")
        for line in (*quality_lines(analysis), "", *parameter_lines(analysis)):
            say(line)
        say(f"\nWritten to {options.out}: {', '.join(path.name for path in written)}")


PLUGIN = Analyse
