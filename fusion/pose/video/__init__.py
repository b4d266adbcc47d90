"""Video files: frames with their true times, and what is written about them."""
