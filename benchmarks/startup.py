"""Start-up: from the start of the process to what one sees, beside a bare window and the AWS CLI.

All ask the same server for the same 200 functions. Runs are interleaved, so that a busy moment of the machine
falls on all of them; the first round warms up (byte code, the disk's cache) and is not counted.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, Samples, show_table

FUNCTIONS = 200
ROUNDS = 15
TIMEOUT_S = 30.0
POLL_S = 0.005  # the application notes its own moments: this delays no figure
LOCK = ROOT / "packaging" / "requirements-bench.txt"
CLI_ENVIRONMENT = ROOT / "build" / "bench-awscli"

BARE = "a bare window: first paint"
BARE_EXIT = "a bare window: whole process"
FRAME = "LambdaDesk: first frame"
LIVE = "LambdaDesk: functions, first run (asked)"
CACHED = "LambdaDesk: functions, later runs (kept)"
CLI = "aws lambda list-functions: whole process"


def measure() -> dict[str, Any]:
    """Run everything, print the table and return the figures."""
    aws = install_cli()
    names = (BARE, BARE_EXIT, FRAME, LIVE, CACHED, *((CLI,) if aws else ()))
    samples = {name: Samples(name) for name in names}
    with tempfile.TemporaryDirectory() as folder, fake_aws(Path(folder)) as url:
        for number in range(ROUNDS + 1):
            figures = _one_round(Path(folder) / f"round-{number}", url, aws)
            if number:
                for name, figure_ms in figures.items():
                    samples[name].values.append(figure_ms)
    _show(samples)
    return {
        name: {
            "median_ms": round(each.median, 1),
            "to_bare_window": [round(value, 2) for value in each.ratio(samples[BARE])],
            **({"to_aws_cli": [round(value, 2) for value in each.ratio(samples[CLI])]} if aws else {}),
            "all_ms": [round(value, 1) for value in each.values],
        }
        for name, each in samples.items()
    }


def _one_round(folder: Path, url: str, aws: Path | None) -> dict[str, float]:
    home = folder / "home"
    home.mkdir(parents=True)
    milestones = folder / "milestones"
    environment = get_environment(folder, milestones)
    figures: dict[str, float] = {}

    started_ns = time.monotonic_ns()
    subprocess.run([sys.executable, str(ROOT / "benchmarks" / "bare_window.py")], env=environment, check=True)
    figures[BARE_EXIT] = (time.monotonic_ns() - started_ns) / 1e6
    figures[BARE] = _take(milestones, "first_frame", started_ns)

    figures |= _run_application(home, url, environment, milestones, LIVE, "functions_painted_live")
    figures |= _run_application(home, url, environment, milestones, CACHED, "functions_painted_cached")

    if aws:
        started_ns = time.monotonic_ns()
        command = [str(aws), "lambda", "list-functions", "--endpoint-url", url, "--output", "json"]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        figures[CLI] = (time.monotonic_ns() - started_ns) / 1e6
    return figures


def _run_application(
    home: Path, url: str, environment: dict[str, str], milestones: Path, name: str, milestone: str
) -> dict[str, float]:
    command = [str(_script("lambdadesk")), "--home", str(home), "--endpoint-url", url]
    started_ns = time.monotonic_ns()
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            _wait_until(process, lambda: milestone in _text(milestones))
            _wait_until(process, lambda: any(home.glob("cache/functions-*.json")))  # for the next run
        finally:
            process.terminate()
            process.wait(TIMEOUT_S)
    figures = {name: _find(milestones, milestone, started_ns)}
    if name == LIVE:
        figures[FRAME] = _find(milestones, "first_frame", started_ns)
    milestones.unlink()
    return figures


def _wait_until(process: "subprocess.Popen[bytes]", is_done: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + TIMEOUT_S
    while not is_done():
        if process.poll() is not None or time.monotonic() > ends_at:
            raise SystemExit("The application ended, or showed no functions in time.")
        time.sleep(POLL_S)  # noqa: TID251  there is no loop here to wait on


def _text(milestones: Path) -> str:
    return milestones.read_text(encoding="utf-8") if milestones.exists() else ""


def _find(milestones: Path, name: str, started_ns: int) -> float:
    moments = dict(line.split() for line in _text(milestones).splitlines())
    return (int(moments[name]) - started_ns) / 1e6


def _take(milestones: Path, name: str, started_ns: int) -> float:
    figure_ms = _find(milestones, name, started_ns)
    milestones.unlink()
    return figure_ms


def get_environment(folder: Path, milestones: Path) -> dict[str, str]:
    """The user's own without anything of AWS, and with byte code kept as it usually is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {
        "HOME": str(folder),
        "LAMBDADESK_MILESTONES": str(milestones),
        "QT_QPA_PLATFORM": "offscreen",
        "QT_LOGGING_RULES": "*=false",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


@contextmanager
def fake_aws(folder: Path, delay_ms: int = 0) -> Iterator[str]:
    port_file = folder / "port"
    command = [sys.executable, "-m", "tests.servers.fake_aws", "--port-file", str(port_file)]
    command += ["--functions", str(FUNCTIONS), "--delay-ms", str(delay_ms)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_until(process, port_file.exists)
            yield f"http://127.0.0.1:{port_file.read_text()}"
        finally:
            process.terminate()


def _script(name: str, environment: Path = Path(sys.prefix)) -> Path:
    return environment / ("Scripts" if os.name == "nt" else "bin") / name


def install_cli() -> Path | None:
    """The `aws` of an environment of its own, as it pins what it depends on; None where it can't be had."""
    stamp = CLI_ENVIRONMENT / ".installed"
    fingerprint = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != fingerprint:
        print("Installing the AWS CLI to compare with (20 MB, once)", flush=True)
        shutil.rmtree(CLI_ENVIRONMENT, ignore_errors=True)
        venv.create(CLI_ENVIRONMENT, with_pip=True)
        pip = [str(_script("python", CLI_ENVIRONMENT)), "-m", "pip", "--disable-pip-version-check", "install"]
        options = ["--quiet", "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)]
        if subprocess.run([*pip, *options]).returncode != 0:
            print("The AWS CLI could not be installed, so it is left out.")
            return None
        stamp.write_text(fingerprint)
    return _script("aws", CLI_ENVIRONMENT)


def _show(samples: dict[str, Samples]) -> None:
    peers = [samples[name] for name in (BARE, CLI) if name in samples]
    rows = []
    for each in samples.values():
        ratios = [each.ratio(peer) for peer in peers]
        figures = [f"{median:.2f} ({low:.2f}-{high:.2f})" for median, low, high in ratios]
        rows.append([each.name, f"{each.median:.0f} ms", *figures])
    head = ["Start-up, from the start of the process", "median", "to a bare window", "to the AWS CLI"]
    show_table(
        f"Medians of {ROUNDS} interleaved runs, ratios with smallest and largest",
        head[: 2 + len(peers)],
        rows,
    )
