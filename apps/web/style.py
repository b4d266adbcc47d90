"""The look of the app around the report's blocks: bars, widths, focus, phone."""

from __future__ import annotations

import streamlit as st

from apps.web.session import is_dark
from fusion.report.html import stylesheet

_APP = """
[data-testid="stAppViewContainer"] .block-container, [data-testid="stMainBlockContainer"] {
  padding: 4.2rem 24px 56px; max-width: 1440px; }
[data-testid="stHeader"] { background: var(--paper); height: 52px; min-height: 52px; border-bottom: 1px solid var(--hair); }
.stVerticalBlock { gap: 12px; }
.st-key-context { background: var(--panel); border: 1px solid var(--hair); border-radius: 8px; padding: 6px 14px; }
.st-key-context .stHorizontalBlock { align-items: center; }
[class*="st-key-card"] { border: 1px solid var(--hair); border-radius: 8px; padding: 12px 16px; }
[data-testid="stHeading"] a { display: none; }
button:focus-visible, a:focus-visible, [tabindex]:focus-visible, input:focus-visible, [role="tab"]:focus-visible {
  outline: 2px solid var(--left) !important; outline-offset: 2px; }
.stButton button, .stDownloadButton button, .stLinkButton a { min-height: 36px; }
[data-testid="stBaseButton-primary"], [data-testid="stBaseLinkButton-primary"] { font-weight: 600; }
[data-testid="stBaseButton-primary"] p, [data-testid="stBaseLinkButton-primary"] p,
[data-testid="stBaseButton-primaryFormSubmit"] p { color: var(--paper); }
[data-testid^="stBaseButton-primary"] kbd, [data-testid^="stBaseLinkButton-primary"] kbd { color: var(--paper) !important; opacity: 1 !important; }
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p { color: var(--soft); opacity: 1; }
.tg-foot { border-top: 1px solid var(--hair); padding-top: 6px; margin-top: 10px; font-size: 12px; color: var(--soft); }
.tg-id { font-size: 16px; font-weight: 600; }
.tg-who { display: flex; flex-wrap: wrap; gap: 2px 16px; align-items: baseline; }
@media (max-width: 1023px) {
  [data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"]) { flex-wrap: wrap; }
  [data-testid="stHorizontalBlock"] > [data-testid="stColumn"] { flex: 1 1 100%; min-width: 100%; }
}
@media (max-width: 1199px) {
  [data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"] .st-key-card_findings) { flex-wrap: wrap; }
  [data-testid="stHorizontalBlock"] > [data-testid="stColumn"]:has(.st-key-card_findings, .st-key-card_right) {
    flex: 1 1 100%; min-width: 100%; }
}
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding: 4rem 12px 48px; }
  .stButton button, .stDownloadButton button, .stLinkButton a { min-height: 44px; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; animation: none !important; } }
"""


def apply_style() -> None:
    """Put the style of this run's theme into the page."""
    st.html(f"<style>{stylesheet(dark=is_dark())}{_APP}</style>")
