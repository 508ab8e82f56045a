"""The log page with 1,000,000 lines: memory, filters, scrolling, and stalls while lines arrive.

`python -m benchmarks.logs` measures these alone.
"""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, Samples, show_table
from benchmarks.micro import FILTERS

PEER_ROUNDS = 5


def measure() -> dict[str, Any]:
    """Run everything, print the tables and return the figures."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "log.txt"
        for mode in ("grouped", "lines"):
            command = [sys.executable, "-m", "benchmarks.logs_window", mode, str(text)]
            environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "LAMBDADESK_HOME": folder}
            answer = subprocess.run(
                command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, encoding="utf-8"
            )
            figures[mode] = json.loads(answer.stdout)
        peers = {wanted: _peer(options, text) for wanted, options in FILTERS}
    for mode, found in figures.items():
        _show(mode, found, peers)
    return figures


def _peer(options: list[str], text: Path) -> Samples | None:
    """Seconds that rg or grep works over the same text, by the processor's time, as ours is counted."""
    peer = shutil.which("rg") or shutil.which("grep")
    if peer is None:
        return None
    if Path(peer).name == "rg":
        options = [option.replace("-iE", "-i") for option in options]
    samples = Samples(" ".join([Path(peer).name, "-c", *options]))
    for _round in range(PEER_ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [peer, "-c", *options, str(text)]
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        subprocess.run(command, check=True, capture_output=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        samples.values.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return samples


def _show(mode: str, found: dict[str, Any], peers: dict[str, Samples | None]) -> None:
    rows = []
    for wanted, each in found["filters"].items():
        first_s, whole_s, work_s = (statistics.median(each[key]) for key in ("first_s", "whole_s", "work_s"))
        peer = peers.get(wanted)
        ratio = work_s / peer.median if peer else None
        each["to_peer"] = ratio and round(ratio, 2)
        beside = [peer.name, f"{peer.median * 1000:.0f} ms", f"{ratio:.2f}"] if peer else ["-"] * 3
        times = [f"{seconds * 1000:.0f} ms" for seconds in (first_s, whole_s, work_s)]
        rows.append([wanted or "(none)", f"{each['count']:,}", *times, *beside])
    lines, text_mb = found["lines"], found["text_mb"]
    head = "in groups" if mode == "grouped" else "one by one"
    show_table(
        f"A filter over {lines:,} lines ({text_mb:.0f} MB), {head}",
        ["filter", "lines", "first repaint", "whole count", "own work", "peer", "its work", "ratio"],
        rows,
    )
    show_table(
        f"The log page with {lines:,} lines, {head}",
        ["", "figure", "of it the thread's own work"],
        [
            ["memory over the empty page, to the text", f"{found['memory_to_text']:.2f}", ""],
            ["a frame of scrolling, p99 / longest", *_pairs(found["scroll_ms"])],
            ["stall while 5,000 events/s arrive, p99 / longest", *_pairs(found["stall_ms"])],
            ["the same with a tenth of them up to 30 s late", *_pairs(found["late_stall_ms"])],
        ],
    )


def _pairs(figures: dict[str, list[float]]) -> list[str]:
    return [f"{figures[key][0]:.1f} / {figures[key][1]:.1f} ms" for key in ("wall_ms", "work_ms")]


if __name__ == "__main__":
    measure()
