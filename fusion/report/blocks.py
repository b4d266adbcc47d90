"""The typed blocks that a report consists of; the PDF and, later, a page on screen render the same list."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with the text that says the same.

    Attributes
    ----------
    name
        File name without its ending; unique in the document.
    svg
        The drawing.
    alt
        What it shows, in words, for those who cannot see it.
    width_mm
        Printed width; 0 fills the column.
    """

    name: str
    svg: str
    alt: str
    width_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: strong words, plain words, small words below, a figure, or a hatched plate.

    Attributes
    ----------
    hatched
        The value is not assessable: the plate says so, ``small`` says why.
    columns
        How many columns the cell spans.
    tone
        ``""``, ``"left"``, ``"right"``, ``"good"``, ``"care"`` or ``"stop"``: the colour of the strong words.
    unit
        Small words on the same line.
    """

    strong: str = ""
    text: str = ""
    small: str = ""
    figure: Figure | None = None
    hatched: bool = False
    columns: int = 1
    tone: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """Whom and what the report describes: title, id, and label-value pairs in two columns."""

    title: str
    subtitle: str
    identifier: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class VerdictCell:
    """One figure about the recording: what, how much, and what that means."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far the recording can be trusted; ``status`` is ``"good"``, ``"care"`` or ``"stop"``."""

    status: str
    words: str
    sentence: str
    cells: tuple[VerdictCell, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with an aside; ``keys`` names the legend entries drawn in it."""

    title: str
    aside: str = ""
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewPage:
    """A page with its own title."""

    title: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a head.

    Attributes
    ----------
    widths
        Column widths, mm; 0 shares what is left.
    rows
        Cells of each row; their ``columns`` add up to the number of widths.
    dense
        Less air, for the detail pages.
    groups
        Row index -> heading printed above that row.
    strip_column
        Column whose head reads lower, norm, higher; -1 for none.
    """

    head: tuple[str, ...]
    widths: tuple[float, ...]
    rows: tuple[tuple[Cell, ...], ...]
    dense: bool = False
    groups: dict[str, str] = field(default_factory=dict)
    strip_column: int = -1


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure with an optional caption."""

    figure: Figure
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph that may begin with strong words; ``small`` prints it as a note."""

    text: str
    strong: str = ""
    small: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """Paragraphs side by side."""

    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Labels with values, one pair a line."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Comment:
    """Room for the clinician's own words, at the bottom of the page."""

    label: str = "Comment by the clinician (not written by the software):"


Block = Header | Verdict | Section | NewPage | Table | Drawing | Text | Columns | Pairs | Comment


@dataclass(frozen=True, slots=True)
class Document:
    """A report: what stands in its head and foot, and its blocks from top to bottom."""

    title: str
    identifier: str
    date: str
    analysis_id: str
    disclaimer: str
    blocks: tuple[Block, ...]
    language: str = "en"
