"""Results on disk, one format per file."""
