import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function

LIST = "/2015-03-31/functions/"


def test_runs_as_a_process_and_ends_on_sigterm(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.servers.fake_aws", "--port-file", port_file, "--functions", "3"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"listening\n"
        url = f"http://127.0.0.1:{port_file.read_text()}{LIST}"
        with urllib.request.urlopen(url) as answer:
            assert answer.read().count(b"FunctionName") == 3
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert errors == b""


def test_records_what_came_and_scripts_the_next_answers() -> None:
    with FakeAws() as aws:
        aws.functions = [make_function("hello")]
        aws.script("ListFunctions", faults.html(), faults.error(500, "Boom"))
        with urllib.request.urlopen(aws.url + LIST) as answer:
            assert "text/html" in answer.headers["Content-Type"]
            assert "x-amzn-requestid" not in answer.headers
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(aws.url + LIST)
        caught.value.close()
        with urllib.request.urlopen(aws.url + LIST + "?Marker=0") as answer:
            assert b"hello" in answer.read()
            assert answer.headers["x-amzn-requestid"]
        aws.wait_for_requests("ListFunctions", 3)
        assert [request.params for request in aws.requests()] == [{}, {}, {"Marker": "0"}]


def test_late_events_show_when_they_are_told_to() -> None:
    with FakeAws() as aws:
        aws.add_events("g", "early", timestamp_ms=1)
        aws.add_events("g", "late", timestamp_ms=0, hidden=True)
        assert [event.message for event in aws.log_groups["g"].events if not event.hidden] == ["early"]
        aws.show_late_events("g")
        assert not [event for event in aws.log_groups["g"].events if event.hidden]


def test_leaves_no_thread_behind_a_client_that_hangs() -> None:
    before = set(threading.enumerate())
    with FakeAws() as aws:
        aws.always("ListFunctions", faults.hang)
        with pytest.raises((TimeoutError, urllib.error.URLError)):
            urllib.request.urlopen(aws.url + LIST, timeout=0.2)
    assert set(threading.enumerate()) <= before
