"""Wire protocols without any input or output: bytes in, values out, and back. One protocol per file."""
