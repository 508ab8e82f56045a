"""A series of 500 runs, 20 at once, of a function that takes 20 ms: beside boto3 in threads, and the AWS CLI.

The function is a server of ours on loopback. LambdaDesk runs it with its window open on the function, so that
the history, the ledger, the log and what is shown are all part of it; rounds are interleaved.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import startup
from benchmarks.measure import ROOT, Samples, show_table

RUNS, CONCURRENCY, HANDLER_MS = 500, 20, 20
CLI_RUNS = 5  # one after the other; scaled to RUNS
ROUNDS = 5

OURS = "LambdaDesk, its window open"
BOTO3 = "boto3, one client in threads"
CLI = f"a shell loop of aws lambda invoke, scaled from {CLI_RUNS} runs"


def measure() -> dict[str, Any]:
    """Run everything, print the table and return the figures."""
    aws = startup.install_cli()
    rates = {name: Samples(name) for name in (OURS, BOTO3, *((CLI,) if aws else ()))}  # runs a second
    cpu_ms = {name: Samples(name) for name in (OURS, BOTO3)}  # of the whole process, a run
    stalls_ms: list[float] = []
    with tempfile.TemporaryDirectory() as folder, startup.fake_aws(Path(folder), HANDLER_MS) as url:
        environment = startup.get_environment(Path(folder), Path(folder) / "milestones")
        for number in range(ROUNDS):
            home = Path(folder) / f"home-{number}"
            home.mkdir()
            for name, mode in ((OURS, "ours"), (BOTO3, "boto3")):
                figures = _run(mode, home, url, environment)
                rates[name].values.append(RUNS / figures["seconds"])
                cpu_ms[name].values.append(figures["cpu_seconds"] / RUNS * 1000)
                if "longest_stall_s" in figures:
                    stalls_ms.append(figures["longest_stall_s"] * 1000)
            if aws:
                rates[CLI].values.append(_run_cli(aws, home, url, environment))
    _show(rates, cpu_ms, stalls_ms)
    return {
        "to_boto3": [round(value, 2) for value in rates[OURS].ratio(rates[BOTO3])],
        **({"to_aws_cli": [round(value, 1) for value in rates[OURS].ratio(rates[CLI])]} if aws else {}),
        "cpu_ms_a_run": {name: round(each.median, 2) for name, each in cpu_ms.items()},
        "longest_stall_ms": [round(value, 1) for value in stalls_ms],
    }


def _run(mode: str, home: Path, url: str, environment: dict[str, str]) -> dict[str, float]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.series_run",
        mode,
        str(home),
        url,
        str(RUNS),
        str(CONCURRENCY),
    ]
    answer = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    figures: dict[str, float] = json.loads(answer.stdout)
    return figures


def _run_cli(aws: Path, folder: Path, url: str, environment: dict[str, str]) -> float:
    """Runs a second of a loop in a shell."""
    command = f"{aws} lambda invoke --function-name function-0000 --endpoint-url {url} {folder}/answer"
    loop = f"for number in $(seq {CLI_RUNS}); do {command} || exit 1; done"
    started = time.perf_counter()
    subprocess.run(["sh", "-c", loop], env=environment, check=True, stdout=subprocess.DEVNULL)
    return CLI_RUNS / (time.perf_counter() - started)


def _show(rates: dict[str, Samples], cpu_ms: dict[str, Samples], stalls_ms: list[float]) -> None:
    rows = []
    for each in rates.values():
        median, low, high = each.ratio(rates[BOTO3])
        cpu = f"{cpu_ms[each.name].median:.2f} ms" if each.name in cpu_ms else ""
        rows.append([each.name, f"{each.median:,.1f}", f"{median:.2f} ({low:.2f}-{high:.2f})", cpu])
    show_table(
        f"{RUNS} runs of {HANDLER_MS} ms, {CONCURRENCY} at once; medians of {ROUNDS} rounds",
        ["", "runs a second", "to boto3", "CPU a run"],
        rows,
    )
    print(
        f"The window's loop was held up for {max(stalls_ms):.0f} ms at the longest "
        f"(each round: {', '.join(f'{each:.0f}' for each in stalls_ms)})"
    )
