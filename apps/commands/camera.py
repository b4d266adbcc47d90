"""``tandem camera board|calibrate``: print the calibration board, and learn how a camera sees and where it stands."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from apps.commands._output import Progress, say
from apps.commands._video import DEFAULT_MODEL, body_height

if TYPE_CHECKING:
    from fusion.pose.geometry.board import Board
    from fusion.pose.geometry.place import Placed
    from fusion.types import Camera

PAPERS = ("a4", "a3", "a2", "a1")


class CameraCommand:
    """Prints the board; calibrates a camera from videos of it."""

    summary: ClassVar[str] = "print the calibration board; calibrate a camera from a video of it"
    description: ClassVar[str] = (
        "A calibrated camera makes lengths independent of the body height.\n\n"
        "  tandem camera board --pdf board.pdf\n"
        "          the board, to scale; glue it to something flat\n"
        "  tandem camera calibrate HELD.mp4 --out camera.toml\n"
        "          focal length, centre and distortion: the board held near and far, tilted, in all corners\n"
        "  ... --floor FLOOR.mp4\n"
        "          and where the camera stands: the board lies on the floor, its long side along the walk, its line\n"
        "          of text towards the camera (print it on A1 or A2)\n"
        "  ... --walk WALK.mp4 --height 1.65\n"
        "          the same from a walker's height; weaker: it is only as good as the height\n\n"
        "'tandem analyse WALK.mp4 --camera camera.toml' then uses it. The camera must not move or zoom in between.\n"
        "The file is Pose2Sim TOML; files of Pose2Sim and Qualisys (.qca.txt) are read as well."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add the two actions."""
        actions = parser.add_subparsers(metavar="ACTION", required=True, parser_class=type(parser))
        board = actions.add_parser("board", help="write the board as PDF, to scale")
        board.add_argument("--pdf", type=Path, required=True, metavar="FILE", help="file to write")
        board.add_argument("--paper", choices=PAPERS, default="a4", help="paper, landscape (default: a4)")
        _add_board(board)
        board.set_defaults(act=_write_board)
        calibrate = actions.add_parser("calibrate", help="learn how a camera sees, and where it stands")
        calibrate.add_argument("video", type=Path, metavar="VIDEO", help="the board, held in many ways")
        calibrate.add_argument("--out", type=Path, required=True, metavar="FILE", help="calibration to write, .toml")
        calibrate.add_argument("--name", default="video", help="name of the camera (default: video)")
        _add_board(calibrate)
        calibrate.add_argument("--floor", type=Path, metavar="VIDEO", help="the board lying on the floor")
        calibrate.add_argument(
            "--floor-square-mm", type=float, metavar="MM", help="its squares, when it is another, larger print"
        )
        calibrate.add_argument("--walk", type=Path, metavar="VIDEO", help="a walk past the camera, with --height")
        calibrate.add_argument("--height", type=body_height, metavar="M", help="body height of that walker, m")
        calibrate.set_defaults(act=_calibrate)

    def run(self, options: Namespace) -> None:
        """Do it."""
        options.act(options)


def _add_board(parser: ArgumentParser) -> None:
    parser.add_argument("--columns", type=int, default=7, help="squares along the long side (default: 7)")
    parser.add_argument("--rows", type=int, default=5, help="squares along the short side (default: 5)")
    parser.add_argument(
        "--square-mm", type=float, default=35.0, metavar="MM", help="side of a square as measured (default: 35)"
    )
    parser.add_argument("--plain", action="store_true", help="a chessboard without markers: intrinsics only")


def _board(options: Namespace, square_mm: float | None = None) -> Board:
    from fusion.pose.geometry.board import Board

    return Board(options.columns, options.rows, (square_mm or options.square_mm) / 1000.0, not options.plain)


def _write_board(options: Namespace) -> None:
    from fusion.pose.weights.cache import write_whole

    page = _board(options).pdf(options.paper)
    write_whole(options.pdf, lambda part: part.write_bytes(page))
    say(f"Written to {options.pdf}. Print at 100 %, measure the bar and a square, and glue it to something flat.")


def _calibrate(options: Namespace) -> None:
    from fusion.errors import UsageError
    from fusion.pose.geometry.files import write_cameras
    from fusion.pose.geometry.intrinsics import calibrated, sightings
    from fusion.pose.video.reader import read_frames

    if (options.walk is None) != (options.height is None):
        raise UsageError("--walk and --height go together: a length is known only if the walker's height is.")
    if options.floor is not None and options.walk is not None:
        raise UsageError("the place comes from --floor or from --walk, not from both. --floor is the better one.")
    with Progress() as progress:
        progress("looking for the board", 0.0)
        found, size = sightings(read_frames(options.video), _board(options))
        progress("calibrating", 0.5)
        result = calibrated(found, size, options.name)
        placed = _placed(options, result.camera, progress)
    camera = result.camera if placed is None else placed.camera
    write_cameras(options.out, (camera,), result.error_px)
    fu, fv = camera.focal_px
    say(f"Focal length {fu:.1f} x {fv:.1f} px (sd {result.focal_sd_px:.1f}), from {result.views} views of the board.")
    say(f"Corners fit to {result.error_px:.2f} px; {result.coverage:.0%} of the picture was covered.")
    for line in (*result.remarks(), *_place_lines(options, placed)):
        say(f"  {line}.")
    say(f"Written to {options.out}")


def _place_lines(options: Namespace, placed: Placed | None) -> list[str]:
    if placed is None:
        return ["where the camera stands is not known: lengths still need the body height (see --floor)"]
    lines = [placed.words(), f"the place fits to {placed.error_px:.1f} px"]
    if options.walk is not None:
        lines.append(
            "scale from the body height alone, which is weaker than a board: shoes of 3 cm make every length 2 % "
            "wrong, and a stooped head more"
        )
    return lines


def _placed(options: Namespace, camera: Camera, progress: Progress) -> Placed | None:
    from fusion.pose.geometry.files import fitted
    from fusion.pose.geometry.place import floor_looks, from_board
    from fusion.pose.video.reader import probe, read_frames

    if options.floor is not None:
        board = _board(options, options.floor_square_mm)
        progress("the board on the floor", 0.7)
        fits = fitted(camera, probe(options.floor).size_px)
        return from_board(fits, floor_looks(read_frames(options.floor), board), board)
    if options.walk is not None:
        progress("the walker", 0.7)
        return _by_walker(options, fitted(camera, probe(options.walk).size_px))
    return None


def _by_walker(options: Namespace, camera: Camera) -> Placed:
    from fusion.plugins import load
    from fusion.pose.geometry.place import from_walker
    from fusion.pose.video.extract import see_video
    from fusion.pose.video.keypoints import keypoints_of

    seen = keypoints_of(see_video(options.walk, load("fusion.pose.models", DEFAULT_MODEL)))
    ankles = 0.5 * (seen.point("left_ankle") + seen.point("right_ankle"))
    return from_walker(camera, ankles, seen.point("nose"), options.height)


PLUGIN = CameraCommand
