"""The enclosure as solids (CadQuery): ``python model.py`` writes STL, and STEP that is not kept here.

CadQuery goes into an environment of its own, ``python -m venv cad && cad/bin/pip install cadquery``: nothing else
here needs it.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import cadquery as cq
from parameters import ENCLOSURE, Enclosure

FOLDER = Path(__file__).parent
PRESSED = ((-1, -1), (-1, 1), (1, -1))  # corners of the board that the lid holds down; the fourth is sawn off


def outline(measures: Enclosure, height: float) -> cq.Workplane:
    """Return the outer block: rounded edges, one corner cut so that up is felt."""
    x, y, cut = measures.outer_x / 2, measures.outer_y / 2, measures.chamfer
    corners = [(-x, -y), (x, -y), (x, y - cut), (x - cut, y), (-x, y)]
    return cq.Workplane("XY").polyline(corners).close().extrude(height).edges("|Z").fillet(1.5)


def base(measures: Enclosure) -> cq.Workplane:
    """Return the half at the body: cavity, ledges for the board, blind groove, openings."""
    m = measures
    body = outline(m, m.base_z)
    cavity = cq.Workplane("XY").workplane(offset=m.floor).rect(m.inner_x, m.inner_y).extrude(m.base_z)
    corner = m.chamfer + m.wall
    keep = (
        cq.Workplane("XY")
        .workplane(offset=m.floor)
        .polyline(
            [
                (m.outer_x / 2, m.outer_y / 2),
                (m.outer_x / 2 - corner, m.outer_y / 2),
                (m.outer_x / 2, m.outer_y / 2 - corner),
            ]
        )
        .close()
        .extrude(m.inner_z)
    )
    body = body.cut(cavity.cut(keep))
    body = body.union(ledges(m).intersect(outline(m, m.base_z)))
    body = body.cut(groove(m, 0.0))
    usb = (
        cq.Workplane("YZ")
        .workplane(offset=m.outer_x / 2 - 3 * m.wall)
        .center(-2.0, m.floor + m.cell_z + 0.5 + m.board_z + 2.2)
    )
    body = body.cut(usb.rect(10.0, 4.4).extrude(4 * m.wall))
    for y in (-8.0, 8.0):  # jacks at the lower end
        bush = (
            cq.Workplane("YZ")
            .workplane(offset=-m.outer_x / 2 - 1)
            .center(y, m.floor + m.cell_z + 0.5 + m.board_z + 4.0)
        )
        body = body.cut(bush.circle(3.3).extrude(m.wall + 2))
    body = body.cut(screw_holes(m, 1.15).translate((0, 0, m.base_z)))
    return body.cut(side_slot(m, -16.0, 8.0))


def side_slot(measures: Enclosure, x: float, length: float) -> cq.Workplane:
    """Return the slot of the slide switch."""
    m = measures
    plane = cq.Workplane("XZ").workplane(offset=m.outer_y / 2 - 2 * m.wall).center(x, m.base_z - 4.0)
    return plane.rect(length, 4.0).extrude(3 * m.wall)


def ledges(measures: Enclosure) -> cq.Workplane:
    """Return what the board lies on: a ledge at each end; cell and sensor lie between them."""
    m = measures
    at = [(side * (m.inner_x / 2 - m.ledge / 2), 0.0) for side in (-1, 1)]
    return (
        cq.Workplane("XY").workplane(offset=m.floor).pushPoints(at).rect(m.ledge, m.inner_y).extrude(m.cell_z + 0.5)
    )


def screw_holes(measures: Enclosure, radius: float) -> cq.Workplane:
    """Return the two holes along x through which screws hold the lid, 3.5 mm below its seat at z = 0."""
    m = measures
    lower = cq.Workplane("YZ").workplane(offset=-m.outer_x / 2 - 1).center(0.0, -3.5).circle(radius).extrude(9.0)
    upper = cq.Workplane("YZ").workplane(offset=m.outer_x / 2 - 8).center(m.screw_y, -3.5).circle(radius).extrude(9.0)
    return lower.union(upper)


def groove(measures: Enclosure, play: float) -> cq.Workplane:
    """Return the dovetail, from the lower end to its stop; ``play`` makes the tongue smaller."""
    m = measures
    half, under, deep = m.groove_y / 2 - play, m.groove_undercut, m.groove_z - play
    profile = [(-half + under, 0), (half - under, 0), (half, deep), (-half, deep)]
    start = -m.outer_x / 2
    return (
        cq.Workplane("YZ").workplane(offset=start).polyline(profile).close().extrude(m.outer_x - m.groove_stop - play)
    )


def lid(measures: Enclosure) -> cq.Workplane:
    """Return the half away from the body: lip, pins on the board, blocks for screws, openings, marks."""
    m = measures
    plate = outline(m, m.lid)
    lip = (
        cq.Workplane("XY")
        .rect(m.inner_x - 2 * m.play, m.inner_y - 2 * m.play)
        .rect(m.inner_x - 3, m.inner_y - 3)
        .extrude(-1.5)
    )
    corner = m.chamfer + m.wall + 1
    lip = lip.cut(
        cq.Workplane("XY")
        .workplane(offset=-2)
        .polyline(
            [
                (m.outer_x / 2, m.outer_y / 2),
                (m.outer_x / 2 - corner, m.outer_y / 2),
                (m.outer_x / 2, m.outer_y / 2 - corner),
            ]
        )
        .close()
        .extrude(2)
    )
    at = [(sx * (m.board_x / 2 - 2.0), sy * (m.board_y / 2 - 2.0)) for sx, sy in PRESSED]
    pins = cq.Workplane("XY").pushPoints(at).circle(1.8).extrude(-m.parts_z)
    low, high = -m.inner_x / 2 + m.play + 2.75, m.inner_x / 2 - m.play - 2.75
    blocks = cq.Workplane("XY").pushPoints([(low, 0.0), (high, m.screw_y)]).rect(5.5, 4.6).extrude(-6.0)
    body = plate.union(lip).union(pins).union(blocks).cut(screw_holes(m, 0.85))
    body = body.cut(cq.Workplane("XY").pushPoints([(-8.0, -11.0)]).circle(2.6).extrude(m.lid))  # lamp
    body = body.cut(cq.Workplane("XY").pushPoints([(2.0, 9.0)]).circle(2.0).extrude(m.lid))  # button
    return body.union(marks(m))


def marks(measures: Enclosure) -> cq.Workplane:
    """Return what stands out of the lid: an arrow to the head and the axes of the sensor."""
    m = measures
    top = cq.Workplane("XY").workplane(offset=m.lid)
    arrow = [(8, -2.5), (18, -2.5), (18, -7), (30, 0), (18, 7), (18, 2.5), (8, 2.5)]
    raised = top.polyline(arrow).close().extrude(0.8)
    lines = top.center(-28, 0).rect(10, 1.2).extrude(0.6).union(top.center(-33, 4.5).rect(1.2, 10).extrude(0.6))
    x_mark = top.center(-20.0, 0).text("x", 6, 0.6)
    y_mark = top.center(-27.5, 9.0).text("y", 6, 0.6)
    up = top.center(-1.0, 0.0).transformed(rotate=(0, 0, -90)).text("UP", 7, 0.8)
    return raised.union(lines).union(x_mark).union(y_mark).union(up)


def tongue(measures: Enclosure) -> cq.Workplane:
    """Return the dovetail of a mount, standing on z = 0 and growing away from the body."""
    return groove(measures, measures.play)


def strap_mount(measures: Enclosure) -> cq.Workplane:
    """Return a plate for an elastic strap: slots at both sides, tongue, arrow."""
    m = measures
    wide, long = m.outer_y + 26.0, m.outer_x - 4
    plate = cq.Workplane("XY").rect(long, wide).extrude(-m.strap_z).edges("|Z").fillet(6.0)
    slots = (
        cq.Workplane("XY")
        .pushPoints([(0, -wide / 2 + 6.5), (0, wide / 2 - 6.5)])
        .rect(m.strap_y + 1.5, 4.0)
        .extrude(-m.strap_z)
    )
    arrow = [(-8, 0), (4, -6), (4, -2.5), (14, -2.5), (14, 2.5), (4, 2.5), (4, 6)]
    up = cq.Workplane("XY").polyline([(-x, y) for x, y in arrow]).close().extrude(-0.8)
    held = tongue(m).intersect(cq.Workplane("XY").rect(long, wide).extrude(10))
    return plate.cut(slots).cut(up.translate((-long / 2 + 18, wide / 2 - 17, 0))).union(held)


def clip_mount(measures: Enclosure) -> cq.Workplane:
    """Return a spring clip for a waistband or a shoe: two leaves, the outer one with the tongue."""
    m = measures
    wide, gap, leaf = 26.0, 3.0, 2.4
    long = m.outer_x - 14
    side = [
        (long / 2, 0), (-long / 2 + 6, 0), (-long / 2 + 6, -leaf), (long / 2 - leaf - gap, -leaf),
        (long / 2 - leaf - gap, -leaf - gap), (-long / 2 + 12, -leaf - gap + 1.6), (-long / 2 + 4, -leaf - gap - 1.0),
        (-long / 2 + 5, -2 * leaf - gap), (long / 2, -2 * leaf - gap),
    ]  # fmt: skip
    leaves = cq.Workplane("XZ").polyline(side).close().extrude(wide / 2, both=True)
    held = tongue(m).intersect(cq.Workplane("XY").rect(long, wide).extrude(10))
    return leaves.union(held.intersect(cq.Workplane("XY").center(3, 0).rect(long - 6, wide).extrude(10)))


def parts(measures: Enclosure) -> dict[str, cq.Workplane]:
    """Return file name -> solid."""
    return {
        "base": base(measures),
        "lid": lid(measures),
        "strap_mount": strap_mount(measures),
        "clip_mount": clip_mount(measures),
    }


def source_digest() -> bytes:
    """Return what the STL files remember of the sources that they came from."""
    names = ("parameters.py", "model.py")
    return hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in names)).hexdigest()[:16].encode()


def write_stl(solid: cq.Workplane, path: Path, tolerance_mm: float = 0.05) -> None:
    """Write a binary STL whose header names its source."""
    vertices, triangles = solid.combine().val().tessellate(tolerance_mm, 0.3)
    out = [b"tandem " + source_digest().ljust(73, b" "), struct.pack("<I", len(triangles))]
    for triangle in triangles:
        a, b, c = (vertices[corner] for corner in triangle)
        normal = (b - a).cross(c - a)
        normal = normal / (normal.Length or 1.0)
        out.append(struct.pack("<12fH", *normal.toTuple(), *a.toTuple(), *b.toTuple(), *c.toTuple(), 0))
    path.write_bytes(b"".join(out))


if __name__ == "__main__":
    for name, solid in parts(ENCLOSURE).items():
        write_stl(solid, FOLDER / f"{name}.stl")
        cq.exporters.export(solid, str(FOLDER / f"{name}.step"))
