"""Run by benchmarks.series: one series of runs of one function; prints what it took as JSON.

python benchmarks/series_run.py ours|boto3 HOME URL RUNS CONCURRENCY
"""

import asyncio
import json
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any

FUNCTION = "function-0000"
PAYLOAD = b'{"name": "you"}'
BEAT_S = 0.005


def run_boto3(url: str, runs: int, concurrency: int) -> dict[str, float]:
    """Threads that take numbers from a queue, and one client for all of them."""
    import boto3
    from botocore.config import Config

    config = Config(max_pool_connections=concurrency, retries={"total_max_attempts": 1})
    client = boto3.client("lambda", endpoint_url=url, config=config)
    numbers: queue.SimpleQueue[int] = queue.SimpleQueue()

    def work() -> None:
        while True:
            try:
                numbers.get_nowait()
            except queue.Empty:
                return
            invoke(client)

    def run_all(count: int) -> dict[str, float]:
        for number in range(count):
            numbers.put(number)
        threads = [threading.Thread(target=work) for _ in range(concurrency)]
        started, used = time.perf_counter(), time.process_time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - used}

    run_all(concurrency)  # opens the connections
    return run_all(runs)


def invoke(client: Any) -> None:
    reply = client.invoke(FunctionName=FUNCTION, Payload=PAYLOAD, LogType="Tail", Qualifier="$LATEST")
    assert reply["Payload"].read() == PAYLOAD


async def measure_stalls(stalls: list[float]) -> None:
    """How much later than it should each beat of the loop comes."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(BEAT_S)
        stalls.append(time.perf_counter() - before - BEAT_S)


async def run_ours(home: Path, url: str, runs: int, concurrency: int) -> dict[str, float]:
    """The window with the function open, and the series started as its page does it."""
    from lambdadesk.app.collector import Collector
    from lambdadesk.core.series import SeriesPlan
    from lambdadesk.core.types import InvokeRequest, Target
    from lambdadesk.desk.console import Console
    from lambdadesk.desk.invocation_book import GATHER_S
    from lambdadesk.desk.series_run import SeriesRunner
    from lambdadesk.desk.tasks import TaskScope
    from lambdadesk.store.history import History
    from lambdadesk.store.paths import Paths
    from lambdadesk.store.settings import Settings
    from lambdadesk.ui.main_window import MainWindow

    collector = Collector()
    paths = Paths(home)
    failures: list[Exception] = []
    console = Console(paths, Settings(paths.settings_file), History(paths.history_file))
    window = MainWindow(console, lambda _name, error: failures.append(error))
    await console.history.open()
    window.resize(1200, 800)
    window.show()
    target = Target("us-east-1", endpoint_url=url)
    window.places.open_places([target])
    async with asyncio.timeout(30):
        while not (connection := next(iter(console.shown.values()), None)):  # noqa: ASYNC110
            await asyncio.sleep(BEAT_S)
        while (function := connection.catalog.get(FUNCTION)) is None:  # noqa: ASYNC110
            await asyncio.sleep(BEAT_S)
    window.tabs.open(connection, function, lambda: PAYLOAD.decode())
    await asyncio.sleep(1.5)  # the page has asked for what it shows
    runner = SeriesRunner(connection.invoker)
    scope = TaskScope(lambda _name, error: failures.append(error))
    request = InvokeRequest(function, PAYLOAD)
    await runner.run(SeriesPlan(request, concurrency, concurrency=concurrency))
    await asyncio.sleep(GATHER_S + 1)  # what the first run had to load is there
    stalls: list[float] = []
    scope.start("beat", measure_stalls, stalls)
    started, used = time.perf_counter(), time.process_time()
    series = await runner.run(SeriesPlan(request, runs, concurrency=concurrency))
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - used
    await scope.close()
    assert len(series.runs) == runs, series.reason
    assert series.result().failed == 0
    runner.close()
    collector.stop()
    await window.close_window()
    await console.close()
    assert failures == [], failures
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "longest_stall_s": max(stalls),
        "stalls_over_50_ms": sum(each > 0.05 for each in stalls),
    }


def main() -> None:
    mode, home, url, runs, concurrency = sys.argv[1:]
    if mode == "boto3":
        print(json.dumps(run_boto3(url, int(runs), int(concurrency))))
        return
    from PySide6.QtWidgets import QApplication
    from qasync import QEventLoop

    from lambdadesk.ui import theme

    app = QApplication([])
    theme.apply(app, "light")
    with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
        print(json.dumps(runner.run(run_ours(Path(home), url, int(runs), int(concurrency)))))


if __name__ == "__main__":
    main()
