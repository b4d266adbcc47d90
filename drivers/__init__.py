"""Everything that waits for a device."""
