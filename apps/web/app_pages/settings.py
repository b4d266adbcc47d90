"""Settings of the laboratory: prevalence, report, retention, accounts."""

from apps.web.parts import settings

settings.laboratory()
settings.accounts()
settings.about()
