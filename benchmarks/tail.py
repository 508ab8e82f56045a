"""Following a log: what is lost, what it costs, and how long the window waits, beside what others do.

`python -m benchmarks.tail` measures these alone, `--full` for a minute at 2,000 events a second.
"""

import argparse
import asyncio
import gc
import http.client
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from benchmarks import startup
from benchmarks.measure import ROOT, show_table
from benchmarks.storm_server import FULL_PAGE, PAGES
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.sessions import create_client, open_session
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.logstore import LogStore
from lambdadesk.core.types import FunctionInfo, Target
from lambdadesk.desk.tailer import Tailer

POLL_S = 1.0
FROZEN_S = 5.0
PATIENCE_S = 90.0  # after the last event, for a sweep that finds what is later than the overlap
NUMBER = re.compile(r"Z order (\d+) ")
ROUNDS = 5

TAIL, TAIL_WITHOUT, CLI = "LambdaDesk", "LambdaDesk, events without an id", "aws logs tail --follow"
PLAIN, BOTO, OURS = (
    "a plain HTTP page, read by orjson",
    "a page through botocore",
    "page to store, LambdaDesk",
)


def measure(full: bool = False) -> dict[str, Any]:
    """Run everything, print the tables and return the figures."""
    gc.collect()
    gc.disable()  # as the application does: it collects between events
    try:
        costs = _measure_costs()
        storms = _measure_storms(60 if full else 12, 30 if full else 4)
        stalls = _measure_stalls(15 if full else 5)
    finally:
        gc.enable()
    return {"us_per_event": costs, "storms": storms, "stalls_ms": stalls}


def _measure_costs() -> dict[str, float]:
    """CPU time of this process for each event of full pages; the server has a process of its own."""
    ways: dict[str, Callable[[str], tuple[int, float]]] = {
        PLAIN: _read_plain,
        BOTO: _read_with_boto,
        OURS: _read_to_store,
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    with storm_server("--seconds", "0") as (url, _process):
        for _round in range(ROUNDS):
            for name, read in ways.items():
                count, seconds = read(url)
                found[name].append(seconds / count * 1e6)
                assert count == PAGES * FULL_PAGE
                gc.collect()
    medians = {name: round(statistics.median(values), 2) for name, values in found.items()}
    show_table(
        f"CPU per event, {PAGES} pages of {FULL_PAGE:,} events; medians of {ROUNDS}",
        ["", "us", "to the plain page"],
        [[name, f"{us:.2f}", f"{us / medians[PLAIN]:.1f}"] for name, us in medians.items()],
    )
    return medians


def _read_plain(url: str) -> tuple[int, float]:
    """How many events, and the CPU time that they took; making the client is not counted."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    started = time.process_time()
    count, asked = 0, {"logGroupName": "pages"}
    while True:
        headers = {"X-Amz-Target": "Logs_20140328.FilterLogEvents"}
        connection.request("POST", "/", json.dumps(asked), headers)
        page = orjson.loads(connection.getresponse().read())
        count += len(page["events"])
        if "nextToken" not in page:
            connection.close()
            return count, time.process_time() - started
        asked["nextToken"] = page["nextToken"]


def _read_with_boto(url: str) -> tuple[int, float]:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = create_client(open_session(None), "logs", "us-east-1", url, keys)
    started = time.process_time()
    count, asked = 0, {"logGroupName": "pages"}
    while True:
        page = client.filter_log_events(**asked)
        count += len(page["events"])
        if "nextToken" not in page:
            client.close()
            return count, time.process_time() - started
        asked["nextToken"] = page["nextToken"]


def _read_to_store(url: str) -> tuple[int, float]:
    async def read() -> tuple[int, float]:
        gateway, tail = make_tail(url, "pages")
        await gateway.call("logs", "DescribeLogGroups")
        started = time.process_time()
        await _run_until(tail, lambda: tail.counts.complete_to_ms is not None)
        return len(tail.store), time.process_time() - started

    return asyncio.run(read())


def make_tail(url: str, group: str) -> tuple[Gateway, Tailer]:
    gateway = Gateway(Target("us-east-1", endpoint_url=url))
    function = FunctionInfo("orders", log_group=group)
    tail = Tailer(gateway, function, InvocationLedger(lambda *_: None), poll_s=POLL_S)
    tail.store = LogStore(cap=1_000_000)
    return gateway, tail


async def _run_until(tail: Tailer, is_done: Callable[[], bool]) -> None:
    done = asyncio.Event()
    tail.changed.connect(lambda: done.set() if is_done() else None)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(tail.run())
        await done.wait()
        running.cancel()


def _measure_storms(seconds: int, late_s: int) -> dict[str, Any]:
    """What of the events is lost or comes twice; the server is stopped for 5 s on the way."""
    aws, why_not = _get_cli()
    rows, figures = [], {}
    for name, options in {TAIL: (), TAIL_WITHOUT: ("--no-ids",)}.items():
        arguments = ("--seconds", str(seconds), "--late-s", str(late_s), *options)
        with storm_server(*arguments) as (url, process):
            peer = _Cli(aws, url) if aws and name == TAIL else None
            found, cpu_s, counts = asyncio.run(_follow_storm(url, process, seconds + late_s))
            stats = get_stats(url)
            rows.append([name, *_account(found, stats["events"])])
            figures[name] = {
                "events": stats["events"],
                "lost": stats["events"] - len(found),
                "twice": sum(found.values()) - len(found),
                "faults": stats["faults"],
                "late": counts.late,
                "recovered": counts.recovered,
                "gaps_left": counts.gaps,
                "us_per_event_read": round(cpu_s / stats["sent"] * 1e6, 2),
                "us_per_event_kept": round(cpu_s / stats["events"] * 1e6, 2),
            }
            if peer is not None:
                printed = peer.stop()
                if printed is not None:
                    rows.append([CLI, *_account(printed, stats["events"])])
                    figures[CLI] = {"lost": stats["events"] - len(printed)}
    show_table(
        f"2,000 events a second for {seconds} s, up to {late_s} s late, with faults and a server that stops",
        ["", "events", "lost", "twice"],
        rows,
    )
    for name, each in figures.items():
        print(f"  {name}: " + ", ".join(f"{key} {value}" for key, value in each.items()))
    if CLI not in figures:
        print(f"  aws logs tail --follow is left out: {why_not or 'it ended by itself'}.")
    return figures


def _account(found: Counter[int], events: int) -> list[str]:
    return [f"{events:,}", f"{events - len(found):,}", f"{sum(found.values()) - len(found):,}"]


async def _follow_storm(
    url: str, process: "subprocess.Popen[bytes]", until_s: float
) -> tuple[Counter[int], float, Any]:
    _gateway, tail = make_tail(url, "storm")
    events = get_stats(url)["events"]
    began_s = time.monotonic()
    started = time.process_time()

    def is_done() -> bool:
        passed_s = time.monotonic() - began_s
        is_calm = tail.counts.gaps == 0 and tail.counts.received >= events
        return passed_s > until_s + 2 and (is_calm or passed_s > until_s + PATIENCE_S)

    async def freeze() -> None:
        if hasattr(signal, "SIGSTOP"):
            await asyncio.sleep(until_s / 4)
            process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(FROZEN_S)
            process.send_signal(signal.SIGCONT)

    async with asyncio.TaskGroup() as group:
        group.create_task(freeze())
        group.create_task(_run_until(tail, is_done))
    cpu_s = time.process_time() - started
    store = tail.store
    texts = (store.text(number) for number in range(store.first, store.end))
    return Counter(int(match[1]) for text in texts if (match := NUMBER.search(text))), cpu_s, tail.counts


def _get_cli() -> tuple[Path | None, str]:
    """An AWS CLI that can follow a log, or why there is none: the one that make bench has installed, or the
    one that is on the path. Version 1, which is all that PyPI has, has no such command.
    """
    mine = startup.CLI_ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin") / "aws"
    on_path = shutil.which("aws")
    found = [aws for aws in (Path(on_path) if on_path else None, mine) if aws is not None and aws.exists()]
    if not found:
        return None, "there is no AWS CLI here"
    for aws in found:
        asked = subprocess.run([str(aws), "logs", "tail"], capture_output=True, text=True)
        if "Invalid choice" not in asked.stderr and "invalid choice" not in asked.stderr:
            return aws, ""
    told = subprocess.run([str(found[-1]), "--version"], capture_output=True, text=True)
    version = (told.stdout or told.stderr).partition(" ")[0]
    return None, f"{version} has no `logs tail`, and PyPI has no AWS CLI of version 2"


class _Cli:
    """`aws logs tail --follow`, and what it prints."""

    def __init__(self, aws: Path, url: str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name) / "out"
        environment = startup.get_environment(Path(self._folder.name), Path(self._folder.name) / "m")
        command = [str(aws), "logs", "tail", "storm", "--follow", "--since", "1m", "--endpoint-url", url]
        with self._path.open("wb") as out:
            self._process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.DEVNULL)

    def stop(self) -> Counter[int] | None:
        """The numbers that it has printed; None where this CLI has no such command."""
        code = self._process.poll()
        self._process.terminate()
        self._process.wait()
        text = self._path.read_text(encoding="utf-8", errors="replace")
        self._folder.cleanup()
        numbers = Counter(int(number) for number in NUMBER.findall(text))
        return numbers if numbers or code is None else None


def _measure_stalls(seconds: int) -> dict[str, dict[str, float]]:
    """How late the event loop is while 5,000 events a second come: of the tail alone, and with a log view."""
    figures: dict[str, dict[str, float]] = {}
    for name, mode in {"the tail alone": "bare", "with a log view, filter on, follow on": "view"}.items():
        arguments = ("--per-s", "5000", "--seconds", str(seconds), "--late-s", "2", "--no-faults")
        with storm_server(*arguments) as (url, _process), tempfile.TemporaryDirectory() as folder:
            environment = startup.get_environment(Path(folder), Path(folder) / "milestones")
            command = [sys.executable, "-m", "benchmarks.tail_window", url, str(seconds + 1), mode]
            answer = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        figures[name] = json.loads(answer.stdout)
    show_table(
        "5,000 events a second: how late the event loop is",
        ["", *next(iter(figures.values()))],
        [[name, *(f"{value:,.1f}" for value in each.values())] for name, each in figures.items()],
    )
    return figures


@contextmanager
def storm_server(*arguments: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "port"
        command = [sys.executable, "-m", "benchmarks.storm_server", "--port-file", str(port_file), *arguments]
        with subprocess.Popen(command, cwd=ROOT) as process:
            try:
                while not port_file.exists():
                    if process.poll() is not None:
                        raise SystemExit("The server ended.")
                    time.sleep(0.02)  # noqa: TID251  there is no loop here to wait on
                yield f"http://127.0.0.1:{port_file.read_text()}", process
            finally:
                process.kill()


def get_stats(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/stats", timeout=30) as answer:
        stats: dict[str, Any] = json.load(answer)
    return stats


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="60 s, up to 30 s late")
    measure(parser.parse_args().full)
