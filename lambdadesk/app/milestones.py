"""Moments of the start, for benchmarks: written only where LAMBDADESK_MILESTONES names a file."""

import os
import time


def reached(name: str) -> None:
    """Append "name nanoseconds" (monotonic clock, comparable between processes of one machine)."""
    path = os.environ.get("LAMBDADESK_MILESTONES")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{name} {time.monotonic_ns()}\n")
