"""Parts of pages: each draws one thing from values that the library gave."""
