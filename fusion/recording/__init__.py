"""Recordings on disk: the folder, XDF streams, importers, and what is wrong with them."""
