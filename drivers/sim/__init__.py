"""The virtual laboratory: devices, radio, ports and cameras that exist in memory only."""
