"""The calibration board: a chessboard whose white squares carry markers (ChArUco), printed to scale; or a plain one.

Garrido-Jurado et al. 2014, doi:10.1016/j.patcog.2014.01.005. With markers each corner has a number, so that a board
that is cut by the edge of the picture still counts, and it is known which way it lies. A plain chessboard must be
seen whole and gives a camera's intrinsics only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import UsageError
from fusion.pose.video.frame import Picture
from fusion.types import Floats

PAPERS_MM = {"a4": (297.0, 210.0), "a3": (420.0, 297.0), "a2": (594.0, 420.0), "a1": (841.0, 594.0)}
"""Paper, landscape: width and height."""

_MODULES = 8
"""Cells of one square: a marker of 4 by 4 bits with its rim takes 6, and 1 is free on each side."""

_MARGIN_MM = 12.0
_POINTS_PER_MM = 72.0 / 25.4
_LEAST_CORNERS = 8


@dataclass(frozen=True, slots=True)
class Board:
    """A board.

    Attributes
    ----------
    columns, rows
        Squares.
    square_m
        Side of a square as printed: measure it on the paper.
    markers
        False for a plain chessboard.
    """

    columns: int = 7
    rows: int = 5
    square_m: float = 0.035
    markers: bool = True

    def __post_init__(self) -> None:
        """Check that it can be a board."""
        if self.columns < 3 or self.rows < 3 or self.columns * self.rows > 100:
            raise UsageError(f"a board has 3 x 3 to 100 squares; got {self.columns} x {self.rows}.")
        if not 0.005 <= self.square_m <= 0.5:
            raise UsageError(f"a square is 5 mm to 500 mm wide; got {1e3 * self.square_m:g} mm. Give it in metres.")

    def find(self, picture: Picture) -> tuple[Floats, Floats] | None:
        """Return corners on the board, m, shape (k, 3), and in the picture, px, shape (k, 2); None when not seen."""
        import cv2

        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        inner = (self.columns - 1, self.rows - 1)
        if self.markers:
            corners, numbers, _, _ = cv2.aruco.CharucoDetector(self._opencv()).detectBoard(grey)
            if numbers is None or len(numbers) < _LEAST_CORNERS:
                return None
            number = np.asarray(numbers).ravel().astype(int)
        else:
            found, corners = cv2.findChessboardCornersSB(grey, inner, flags=cv2.CALIB_CB_NORMALIZE_IMAGE)
            if not found:
                return None
            number = np.arange(inner[0] * inner[1])
        column, row = number % inner[0], number // inner[0]
        place = np.stack([column + 1, row + 1, np.zeros(len(number))], axis=1) * self.square_m
        return place, np.asarray(corners, dtype=np.float64).reshape(-1, 2)

    def cells(self) -> NDArray[np.bool_]:
        """Return the board as black (True) and white cells, 8 by 8 a square."""
        if not self.markers:
            odd = (np.arange(self.rows)[:, None] + np.arange(self.columns)) % 2 == 0
            return np.repeat(np.repeat(odd, _MODULES, axis=0), _MODULES, axis=1)
        size = (_MODULES * self.columns, _MODULES * self.rows)
        return np.asarray(self._opencv().generateImage(size, marginSize=0, borderBits=1)) < 128

    def pdf(self, paper: str = "a4") -> bytes:
        """Return a page with the board to scale, as lines and areas, and a bar of 100 mm to check the printer.

        Raises
        ------
        UsageError
            The board does not fit on the paper.
        """
        width, height = PAPERS_MM[paper]
        board = 1000.0 * self.square_m * np.array([self.columns, self.rows])
        if board[0] > width - 2.0 * _MARGIN_MM or board[1] > height - 2.0 * _MARGIN_MM - 8.0:
            raise UsageError(
                f"a board of {board[0]:.0f} x {board[1]:.0f} mm does not fit on {paper.upper()}. Take smaller "
                "squares, fewer of them or larger paper."
            )
        left, top = 0.5 * (width - board[0]), height - 0.5 * (height - board[1] - 8.0)
        module = 1000.0 * self.square_m / _MODULES
        drawn = ["0 g"]
        for row, line in enumerate(self.cells()):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(np.int8), [0]])))
            for start, end in zip(edges[::2], edges[1::2], strict=True):
                drawn.append(_box(left + start * module, top - (row + 1) * module, (end - start) * module, module))
        below = _MARGIN_MM - 6.0
        drawn.append(_box(left, below, 100.0, 1.0))
        label = (
            f"{self.columns} x {self.rows} squares of {1000.0 * self.square_m:g} mm. The bar is 100 mm long: print "
            "at 100 %, and measure it."
        )
        x, y = ((left + 104.0) * _POINTS_PER_MM, (below - 0.4) * _POINTS_PER_MM)
        drawn.append(f"BT /F1 8 Tf {x:.2f} {y:.2f} Td ({label}) Tj ET")
        return _page("\n".join(drawn), width * _POINTS_PER_MM, height * _POINTS_PER_MM)

    def _opencv(self) -> Any:  # noqa: ANN401 - untyped library
        import cv2

        words = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
        return cv2.aruco.CharucoBoard((self.columns, self.rows), self.square_m, 0.75 * self.square_m, words)


def _box(x_mm: float, y_mm: float, width_mm: float, height_mm: float) -> str:
    x, y, width, height = (value * _POINTS_PER_MM for value in (x_mm, y_mm, width_mm, height_mm))
    return f"{x:.4f} {y:.4f} {width:.4f} {height:.4f} re f"


def _page(content: str, width_pt: float, height_pt: float) -> bytes:
    """Return a PDF of one page (ISO 32000-1, the least that a reader needs)."""
    stream = content.encode("ascii")
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width_pt:.4f} {height_pt:.4f}] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>".encode("ascii"),
        b"<< /Length %d >>\nstream\n" % len(stream) + stream + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, part in enumerate(parts, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + part + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, start)
    return bytes(out)
