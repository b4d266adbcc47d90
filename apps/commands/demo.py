"""``tandem demo``: the whole story on a simulated walk, measured against its exact truth."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from apps.commands._arguments import add_out, add_seed
from apps.commands._output import Progress, say, tell
from apps.commands._results import quality_lines
from fusion.errors import UsageError

if TYPE_CHECKING:
    from fusion.simulate import Simulation

SHORTEST_S = 8.0
BLACKOUT_S = 1.0

FOLDER = Path("out/demo")
TRIALS = "trials"
RECORDING, RESULTS, REPORT = "recording", "results", "report.pdf"

CAMERA, IMU, FUSED, LIVE = "camera only", "wearables only", "fused", "fused, live"


class Demo:
    """Simulates, saves, loads and analyses a walk, and compares each way of measuring it with the truth."""

    summary: ClassVar[str] = "see what it does: a simulated walk, analysed and compared with its truth"
    description: ClassVar[str] = (
        "Simulate a walk with one side camera and three wearables (pelvis and both shanks). For one second the\n"
        "camera sees neither leg, and at times it takes left for right. The walk is saved, loaded and analysed\n"
        "from the camera only, from the wearables only and from both, and compared with the exact truth.\n"
        "Writes a recording, the results and report.pdf; opens nothing.\n\n"
        "--live records the walk from a virtual laboratory in real time: five wearables of two makes on a virtual\n"
        "Bluetooth radio, reached by the same calls as real ones, and a camera. One link is lost, all sensors are\n"
        "knocked together once; every sample that was sent is counted against what was recorded."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add folder, seed and length."""
        add_out(parser, "DIR", f"folder for everything (default: {FOLDER})", FOLDER)
        add_seed(parser)
        parser.add_argument("--seconds", type=float, default=30.0, help="length of the walk (default: 30)")
        parser.add_argument(
            "--live", action="store_true", help="record it live from a virtual laboratory: wearables, radio, camera"
        )
        parser.add_argument(
            "--links",
            choices=("bumble", "memory"),
            default="bumble",
            help="with --live: real Bluetooth calls on virtual controllers, or links in memory (default: bumble)",
        )

    def run(self, options: Namespace) -> None:
        """Tell the whole story once."""
        if options.live:
            _run_live(options)
            return
        from apps.commands._demo_errors import error_lines, observe, truth_angles
        from fusion.export.tables import write_results
        from fusion.recording.folder import load_recording, save_recording
        from fusion.report.extras import MissingDependency
        from fusion.report.pdf import write_report

        out: Path = options.out
        _check_folder(out)
        simulation = _simulate(options.seconds, options.seed)
        folder = save_recording(simulation.recording, out / RECORDING, overwrite=True)
        with Progress() as progress:
            seen = observe(load_recording(folder), simulation, progress)
            progress("report", 0.75)
            write_results(seen.fused, out / RESULTS)
            made = [RECORDING, RESULTS, REPORT]
            try:
                others = {CAMERA: seen.camera, IMU: seen.imu}
                truth = truth_angles(simulation.truth)
                write_report(seen.fused, out / REPORT, compared=others, truth=truth, created_on=date.today())
            except MissingDependency as missing:
                made.remove(REPORT)
                (out / REPORT).unlink(missing_ok=True)
                tell(f"No {REPORT}: {missing}")
        for line in (*quality_lines(seen.fused), "", *error_lines(seen, simulation)):
            say(line)
        say(f"\nWritten to {out}: {', '.join(made)}")


def _run_live(options: Namespace) -> None:
    """Tell the live story: record from the virtual laboratory, then analyse and compare."""
    import asyncio

    from apps.commands import _demo_live as live
    from fusion.export.tables import write_results
    from fusion.pipeline import analyse
    from fusion.recording.folder import load_recording
    from fusion.report.extras import MissingDependency
    from fusion.report.pdf import write_report

    if not options.seconds >= SHORTEST_S:
        raise UsageError(f"--seconds must be at least {SHORTEST_S:g}, for a few strides; got {options.seconds:g}.")
    out: Path = options.out
    bumble = options.links == "bumble"
    recorded = asyncio.run(live.record_live(out / TRIALS, options.seconds, seed=options.seed, bumble=bumble))
    for line in (*live.stream_lines(recorded), "", *live.count_lines(recorded), "", live.tap_line(recorded)):
        say(line)
    with Progress() as progress:
        analysis = analyse(load_recording(recorded.folder), progress=progress.part(0.0, 0.8))
        results = out / RESULTS / recorded.folder.name
        write_results(analysis, results)
        try:
            write_report(analysis, results / REPORT, created_on=date.today())
        except MissingDependency as missing:
            tell(f"No {REPORT}: {missing}")
    for line in (
        live.camera_line(analysis),
        live.live_line(recorded.live),
        "",
        *live.angle_lines(analysis, recorded),
    ):
        say(line)
    for line in ("", *quality_lines(analysis)):
        say(line)
    say(f"\nRecorded to {recorded.folder}, results in {results}")


def _simulate(seconds: float, seed: int) -> Simulation:
    """Return a healthy walk in which the camera loses both legs for a second and mixes them up at times."""
    from fusion.simulate import CameraSettings, SimulationSettings, simulate

    if not seconds >= SHORTEST_S:
        raise UsageError(f"--seconds must be at least {SHORTEST_S:g}, for a few whole strides; got {seconds:g}.")
    camera = CameraSettings(
        blackouts=((0.4 * seconds, BLACKOUT_S, "both"),),
        swaps=((0.2 * seconds, 0.3), (0.7 * seconds, 0.5)),
    )
    simulation = simulate(SimulationSettings(duration_s=seconds, seed=seed, cameras=(camera,)))
    recording = simulation.recording
    # Norms need age and sex; the walker has the proportions and curves of healthy adults.
    person = replace(recording.subject, age_years=30.0, sex="male")
    return replace(simulation, recording=replace(recording, subject=person))


def _check_folder(folder: Path) -> None:
    """Check that nothing but an earlier demo stands in the folder, for it is replaced."""
    from fusion.recording.folder import load_recording

    if folder.exists() and not folder.is_dir():
        raise UsageError(f"'{folder}' is a file; the demo writes a folder. Choose another name.")
    found = {item.name for item in folder.iterdir()} if folder.is_dir() else set()
    foreign = sorted(found - {RECORDING, RESULTS, REPORT})
    if not foreign and RECORDING in found and load_recording(folder / RECORDING).protocol != "simulated":
        foreign = [RECORDING]
    if foreign or (found and RECORDING not in found):
        got = foreign[0] if foreign else sorted(found)[0]
        raise UsageError(
            f"'{folder}' must be empty or hold an earlier demo; it holds {got!r}. Choose another folder."
        )


PLUGIN = Demo
