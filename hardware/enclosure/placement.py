"""Draw where the wearables go on the body: ``python placement.py`` writes placement.svg."""

from __future__ import annotations

from pathlib import Path

INK, SKIN, FAINT, MARK, WORN = "#1b2733", "#e9eef3", "#5f6f80", "#1565c0", "#f29f3d"

FRONT = {
    "pelvis": (150, 236, "Pelvis: at the back, between the two dimples (S1)", "strap or waistband clip"),
    "thigh": (124, 330, "Thigh: outside, a hand above the knee", "strap; over little muscle"),
    "shank": (
        126,
        440,
        "Shank: front, flat inner side of the shin bone, upper third",
        "strap; bone under skin moves least",
    ),
    "foot": (118, 522, "Foot: on the laces, arrow to the toes", "clip"),
}


def limb(points: str, width: int) -> str:
    """Return a thick rounded line."""
    return f"<polyline points='{points}' fill='none' stroke='{SKIN}' stroke-width='{width}' stroke-linecap='round' stroke-linejoin='round'/>"


def body() -> str:
    """Return a standing person from the front."""
    return "".join(
        (
            f"<circle cx='150' cy='62' r='24' fill='{SKIN}'/>",
            limb("150,86 150,110", 18),
            limb("118,118 104,180 98,236", 18),
            limb("182,118 196,180 202,236", 18),
            f"<path d='M112 108 Q150 98 188 108 L180 230 Q150 246 120 230 Z' fill='{SKIN}'/>",
            limb("134,240 128,330 128,370", 34),
            limb("166,240 172,330 172,370", 34),
            limb("128,380 127,500", 24),
            limb("172,380 173,500", 24),
            limb("126,512 116,526", 18),
            limb("174,512 184,526", 18),
        )
    )


def device(x: float, y: float, degrees: float = 0.0, *, behind: bool = False) -> str:
    """Return a wearable seen from the front: cut corner and arrow; dashed when it is behind."""
    dash = " stroke-dasharray='3 2' fill-opacity='0.45'" if behind else ""
    return (
        f"<g transform='translate({x} {y}) rotate({degrees})'>"
        f"<path d='M-8 -11 L-3 -17 L8 -17 L8 17 L-8 17 Z' fill='{WORN}' stroke='{INK}' stroke-width='1.2'{dash}/>"
        f"<path d='M0 -12 L5 -4 L2 -4 L2 8 L-2 8 L-2 -4 L-5 -4 Z' fill='{INK}'/></g>"
    )


def words(x: float, y: float, text: str, size: int, fill: str, weight: int = 400) -> str:
    """Return a line of text."""
    return f"<text x='{x}' y='{y}' font-size='{size}' fill='{fill}' font-weight='{weight}'>{text}</text>"


def drawing() -> str:
    """Return the picture."""
    out = [
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 760 580' font-family='Inter, Helvetica, Arial, sans-serif'>",
        "<rect width='760' height='580' fill='#ffffff'/>",
        words(20, 30, "Where the wearables go", 18, INK, 600),
        body(),
    ]
    for name, (x, y, title, how) in FRONT.items():
        out.append(f"<line x1='{x + 14}' y1='{y}' x2='292' y2='{y}' stroke='{MARK}' stroke-width='1'/>")
        out.append(device(x, y, -150 if name == "foot" else 0, behind=name == "pelvis"))
        if name != "pelvis":
            out.append(device(300 - x, y, 150 if name == "foot" else 0))
        out.append(words(300, y, title, 13, INK, 600))
        out.append(words(300, y + 18, how, 12, FAINT))
    out.append(words(300, 84, "Arrow to the head; the cut corner is at your upper left.", 13, INK, 600))
    out.append(words(300, 104, "It fits into its plate one way only; the plate bears the same arrow.", 12, FAINT))
    out.append(
        words(
            300, 122, "Side by colour of the strap: red left, green right. Write the serial number on it.", 12, FAINT
        )
    )
    out.append(words(300, 140, "Fewest: pelvis and both shanks with a camera; without one, thighs too.", 12, FAINT))
    out.append(words(20, 566, "Person seen from the front; dashed: on the back.", 11, FAINT))
    return "".join(out) + "</svg>\n"


if __name__ == "__main__":
    (Path(__file__).parent / "placement.svg").write_text(drawing(), encoding="utf-8")
