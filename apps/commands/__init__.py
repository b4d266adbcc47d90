"""One command of the command line per file; the file's name is the command."""
