"""The stages of the analysis: what the pipeline tells as one story, one file per stage."""
