"""Start, wiring, signals and exit."""
