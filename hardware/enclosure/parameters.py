"""Measures of the enclosure, mm; all else follows. x along the limb (up), y across, z away from the body."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Enclosure:
    """A box in two halves with a groove in its floor for mounts."""

    board_x: float = 70.0
    board_y: float = 30.0
    board_z: float = 1.6
    cell_x: float = 37.0
    cell_y: float = 29.5
    cell_z: float = 5.5
    """SparkFun PRT-13851 (36.9 x 26.5 x 5) or Adafruit 1578 (36 x 29 x 4.75), with room to swell."""
    sensor_x: float = 28.6
    sensor_y: float = 25.4
    """The sensor's board lies beside the cell, glued flat to the floor: what is loose measures itself."""
    parts_z: float = 8.5
    """Tallest part above the board: the jacks and the isolators."""
    gap: float = 0.5
    """Around the board."""
    wall: float = 2.0
    floor: float = 5.0
    lid: float = 2.0
    groove_y: float = 18.0
    groove_z: float = 2.6
    groove_undercut: float = 1.2
    groove_stop: float = 8.0
    """The groove ends so far before the upper end: a mount goes in one way only."""
    play: float = 0.25
    chamfer: float = 8.0
    """Cut corner at the upper left, seen from the front: not symmetric, so up is felt, too."""
    strap_y: float = 40.0
    """Width of the elastic strap."""
    strap_z: float = 3.0
    ledge: float = 2.2
    """Width of the ledges that the board lies on."""
    screw_y: float = -13.0
    """The upper of two screws M2 x 6 through the end walls; the lower one is in the middle, between the jacks."""

    @property
    def board_cut(self) -> float:
        """Leg of the corner that is sawn off the board so that it clears the cut corner of the case."""
        inner = self.outer_x / 2 + self.outer_y / 2 - self.chamfer - self.wall
        return self.board_x / 2 + self.board_y / 2 - inner + self.gap

    @property
    def inner_x(self) -> float:
        """Length of the cavity."""
        return self.board_x + 2 * self.gap

    @property
    def inner_y(self) -> float:
        """Width of the cavity."""
        return self.board_y + 2 * self.gap

    @property
    def inner_z(self) -> float:
        """Height of the cavity: cell, foil of 0.5 mm, board, parts."""
        return self.cell_z + 0.5 + self.board_z + self.parts_z

    @property
    def outer_x(self) -> float:
        """Length outside."""
        return self.inner_x + 2 * self.wall

    @property
    def outer_y(self) -> float:
        """Width outside."""
        return self.inner_y + 2 * self.wall

    @property
    def base_z(self) -> float:
        """Height of the base: floor and cavity."""
        return self.floor + self.inner_z

    @property
    def outer_z(self) -> float:
        """Height outside."""
        return self.base_z + self.lid


ENCLOSURE = Enclosure()
