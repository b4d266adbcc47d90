"""The report that a clinician reads."""
