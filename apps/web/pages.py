"""The pages: address -> name in the bar at the top, in order."""

PAGES = {
    "record": "Record",
    "review": "Review",
    "screening": "Screening",
    "compare": "Compare",
    "cohort": "Cohort",
    "report": "Report and export",
    "subjects": "Subjects",
    "settings": "Settings",
}
