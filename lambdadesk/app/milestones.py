"""Moments of the start, for benchmarks: written only where LAMBDADESK_MILESTONES names a file."""

import os
import time


def are_wanted() -> bool:
    return bool(os.environ.get("LAMBDADESK_MILESTONES"))


def reached(name: str) -> None:
    """Append "name nanoseconds" (monotonic clock, comparable between processes of one machine)."""
    if are_wanted():
        with open(os.environ["LAMBDADESK_MILESTONES"], "a", encoding="utf-8") as file:
            file.write(f"{name} {time.monotonic_ns()}\n")
