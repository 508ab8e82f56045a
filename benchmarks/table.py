"""The function table: 1,000 functions in five regions, 80 ms away; keys, sorting and scrolling among 10,000.

`python -m benchmarks.table` measures these alone.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import startup
from benchmarks.measure import ROOT, Samples, show_table

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1")
ROUND_TRIP_MS = 80
ROUNDS = 5

FIRST = "first rows painted, after the first answer"
ALL = "all rows of five regions painted"
CHAIN = "one region's pages, without a window"
MANY = {"a key in the filter": "keys_s", "sorting by a number": "sorts_s", "a page down": "pages_s"}
CLI = "aws lambda list-functions in one region: whole process"


def measure() -> dict[str, Any]:
    """Run everything, print the tables and return the figures."""
    aws = startup.install_cli()
    samples = {name: Samples(name) for name in (FIRST, ALL, CHAIN, *((CLI,) if aws else ()))}
    many_ms: dict[str, list[list[float]]] = {name: [] for name in MANY}  # of each round, of each act
    with tempfile.TemporaryDirectory() as folder, startup.fake_aws(Path(folder), ROUND_TRIP_MS) as url:
        environment = startup.get_environment(Path(folder), Path(folder) / "milestones")
        for number in range(ROUNDS):
            home = Path(folder) / f"home-{number}"
            home.mkdir()
            command = [sys.executable, "-m", "benchmarks.table_window", str(home), url, *REGIONS]
            answer = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
            figures = json.loads(answer.stdout)
            samples[FIRST].values.append(figures["first_after_answer_s"] * 1000)
            samples[ALL].values.append(figures["all_s"] * 1000)
            samples[CHAIN].values.append(figures["chain_s"] * 1000)
            for name, key in MANY.items():
                many_ms[name].append([seconds * 1000 for seconds in figures[key]])
            if aws:
                started = time.perf_counter()
                command = [str(aws), "lambda", "list-functions", "--endpoint-url", url, "--output", "json"]
                subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
                samples[CLI].values.append((time.perf_counter() - started) * 1000)
    _show(samples)
    among = {name: _sum_up(rounds) for name, rounds in many_ms.items()}
    show_table(
        "Among 10,000 functions, until what it caused is painted",
        ["", "median", "the slowest's median", "longest of all"],
        [[name, *(f"{figure:.1f} ms" for figure in figures)] for name, figures in among.items()],
    )
    return {
        "to_chain": [round(value, 2) for value in samples[ALL].ratio(samples[CHAIN])],
        "first_round_trips": round(samples[FIRST].median / ROUND_TRIP_MS, 2),
        "many_ms": among,
        **({"to_aws_cli": [round(value, 2) for value in samples[ALL].ratio(samples[CLI])]} if aws else {}),
    }


def _sum_up(rounds: list[list[float]]) -> list[float]:
    """The median of all, that of the act that is slowest in the rounds' median, and the longest of all."""
    every = [figure for each in rounds for figure in each]
    acts = [statistics.median(act) for act in zip(*rounds, strict=True)]
    return [round(figure, 1) for figure in (statistics.median(every), max(acts), max(every))]


def _show(samples: dict[str, Samples]) -> None:
    rows = []
    for each in samples.values():
        median, low, high = each.ratio(samples[CHAIN])
        trips = f"{each.median / ROUND_TRIP_MS:.2f}"
        rows.append([each.name, f"{each.median:.0f} ms", trips, f"{median:.2f} ({low:.2f}-{high:.2f})"])
    show_table(
        f"1,000 functions in {len(REGIONS)} regions, {ROUND_TRIP_MS} ms away; medians of {ROUNDS}",
        ["", "median", "round trips", "to one region's pages"],
        rows,
    )


if __name__ == "__main__":
    measure()
