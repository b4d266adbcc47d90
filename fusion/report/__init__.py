"""The report that a clinician reads: typed blocks, figures, and their PDF."""

from fusion.report.document import build_document
from fusion.report.pdf import write_report

__all__ = ["build_document", "write_report"]
