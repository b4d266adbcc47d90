"""``tandem analyse RECORDING --out DIR``: gait parameters on the screen, tables and report in a folder.

RECORDING may be a plain video: a pose network then finds the patient and their keypoints.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, ClassVar

from apps.commands._arguments import SOURCES, add_out, add_recording, add_use, read_recording
from apps.commands._output import Progress, say, tell
from apps.commands._results import parameter_lines, quality_lines, report_pdf, write_everything
from apps.commands._video import OVERLAY, add_video, check_options, overlay_bytes, read_video, remark_lines

if TYPE_CHECKING:
    from fusion.pose.video.extract import VideoPose
    from fusion.types import Recording


class Analyse:
    """One recording in, one folder of results out."""

    summary: ClassVar[str] = "analyse a recording: print the gait parameters, write tables and the report"
    description: ClassVar[str] = (
        "Analyse a recorded walk. Prints how far the recording can be trusted, then every gait parameter with\n"
        "its 95 % interval. Writes into DIR: report.pdf, parameters.csv, strides.csv, events.csv,\n"
        "motion.parquet, analysis.json, provenance.json. All files are written, or none.\n\n"
        "A video file is taken as it is: 'tandem analyse walk.mp4 --height 1.65 --out DIR'. It must show the walk\n"
        "from the side. overlay.mp4 then shows what was found, with faces blurred. The weights come first, once:\n"
        "'tandem models get all'."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add recording, folder, sensors and whether a report is made."""
        add_recording(parser)
        add_out(parser, "DIR", "folder for the results: new, empty, or with earlier results, which are replaced")
        add_use(parser)
        parser.add_argument("--no-report", action="store_true", help="write the tables only, no report.pdf")
        add_video(parser)

    def run(self, options: Namespace) -> None:
        """Analyse, write, print."""
        from fusion.export.tables import check_folder
        from fusion.pipeline import analyse

        check_folder(options.out)
        with Progress() as progress:
            recording, pose = _read(options, progress)
            share = 1.0 if options.no_report else 0.6
            analysis = analyse(recording, SOURCES[options.use], progress.part(0.0, share))
            pdf, missing = None, ""
            if not options.no_report:
                progress("report", share)
                pdf, missing = report_pdf(analysis)
            attached = {}
            if pose is not None and not options.keypoints_only:
                attached[OVERLAY] = overlay_bytes(pose, analysis, keep_face=options.keep_face, progress=progress)
            progress("writing", 0.98)
            written = write_everything(analysis, options.out, pdf, attached)
        if missing:
            tell(f"No report.pdf, only tables: {missing}")
        if pose is not None:
            say("\n".join(remark_lines(pose)))
        for line in (*quality_lines(analysis), "", *parameter_lines(analysis)):
            say(line)
        say(f"\nWritten to {options.out}: {', '.join(path.name for path in written)}")


def _read(options: Namespace, progress: Progress) -> tuple[Recording, VideoPose | None]:
    from fusion.pose.video.reader import is_video

    if not is_video(options.recording):
        return read_recording(options.recording), None
    check_options(options)
    recording, pose = read_video(options, progress)
    if options.save_recording is not None:
        from fusion.recording.folder import save_recording

        save_recording(recording, options.save_recording)
    return recording, pose


PLUGIN = Analyse
