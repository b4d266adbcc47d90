"""``tandem export RECORDING --out DIR --format NAME``: the analysis in another program's format."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import ClassVar

from apps.commands._arguments import SOURCES, add_out, add_recording, add_use, read_recording
from apps.commands._output import Progress, say
from fusion.plugins import load, names

FORMATS = "fusion.export"


class Export:
    """Analyses a recording and writes it in one format of ``fusion/export``."""

    summary: ClassVar[str] = "analyse a recording and write it in a format for other programs"
    description: ClassVar[str] = (
        "Analyse a recorded walk and write it for another program. Each file in fusion/export is one format;\n"
        "'tables' are the CSV, Parquet and JSON files of 'tandem analyse'."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add recording, folder, format and sensors."""
        add_recording(parser)
        add_out(parser, "DIR", "folder for the files: new, empty, or with earlier results, which are replaced")
        parser.add_argument("--format", choices=names(FORMATS), default="tables", help="default: tables")
        add_use(parser)

    def run(self, options: Namespace) -> None:
        """Analyse and write."""
        from fusion.pipeline import analyse

        exporter = load(FORMATS, options.format)
        recording = read_recording(options.recording)
        with Progress() as progress:
            analysis = analyse(recording, SOURCES[options.use], progress.part(0.0, 0.9))
            progress("writing", 0.9)
            written = exporter.write(analysis, options.out)
        say(f"Written to {options.out}: {', '.join(path.name for path in written)}")


PLUGIN = Export
