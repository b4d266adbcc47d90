"""The version of the software, printed on everything that it writes."""

__version__ = "0.1.0"
