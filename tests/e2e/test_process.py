"""The real process on an endpoint: it starts, quits when it is told to, and keeps secrets to itself."""

import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.e2e.application import Application
from tests.local.running import wait_until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws

CANARY = "CANARY7Yh2k9Qx"


def history_of(application: Application) -> list[tuple[str, str]]:
    """(outcome, error) of what the history holds, read as any other program would."""
    with closing(sqlite3.connect(application.home / "data" / "history.sqlite")) as connection:
        return connection.execute("SELECT outcome, error FROM invocation").fetchall()


def _wait_for_figures(aws: FakeAws) -> None:
    """A call that is under way at the end of the process is a socket that nobody closed."""
    for name in ("GetMetricData", "GetResources"):
        aws.wait_for_requests(name, timeout_s=60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_starts_lists_and_quits_by_signal(aws: FakeAws, tmp_path: Path, number: signal.Signals) -> None:
    with Application(tmp_path, "--endpoint-url", aws.url) as application:
        application.wait_for_list()
        application.wait_for_window()
        _wait_for_figures(aws)
        milestones = application.read_milestones()
        assert list(milestones.values()) == sorted(milestones.values())
        assert next(iter(milestones)) == "first_frame"
        application.quit(number)
    assert {request.access_key for request in aws.requests()} == {"test"}
    assert not aws.requests("Invoke")


def test_quits_by_its_window(aws: FakeAws, tmp_path: Path) -> None:
    with Application(tmp_path, "--endpoint-url", aws.url, driven=True) as application:
        application.wait_for_list()
        _wait_for_figures(aws)
        application.close_window()
        application.check_end()
    assert (application.home / "config" / "settings.json").exists()


def test_quits_while_nothing_answers(aws: FakeAws, tmp_path: Path) -> None:
    aws.always("*", faults.hang)
    with Application(tmp_path, "--endpoint-url", aws.url) as application:
        aws.wait_for_requests("ListFunctions", timeout_s=60)
        application.quit()


def test_quits_while_an_invoke_hangs_and_remembers_it(aws: FakeAws, tmp_path: Path) -> None:
    aws.always("Invoke", faults.hang)
    with Application(tmp_path, "--endpoint-url", aws.url, "--function", "hello", driven=True) as application:
        aws.wait_for_requests("ListAliases", timeout_s=60)
        application.click("invokeButton")
        aws.wait_for_requests("Invoke")
        application.quit()
    assert len(aws.requests("Invoke")) == 1
    ((outcome, error),) = history_of(application)
    assert outcome == "unknown"
    assert "Stopped waiting" in error


def test_a_kill_leaves_a_history_that_says_so_and_no_lock(aws: FakeAws, tmp_path: Path) -> None:
    aws.always("Invoke", faults.hang)
    arguments = ("--endpoint-url", aws.url, "--function", "hello")
    with Application(tmp_path, *arguments, driven=True) as application:
        aws.wait_for_requests("ListAliases", timeout_s=60)
        application.click("invokeButton")
        aws.wait_for_requests("Invoke")
        application.process.kill()
        application.wait(60)
    ((outcome, error),) = history_of(application)
    assert outcome == "unknown"
    assert "may have run" in error
    listed = len(aws.requests("ListFunctions"))
    with Application(tmp_path, *arguments, driven=True) as again:
        aws.wait_for_requests("ListFunctions", listed + 1, timeout_s=60)  # it is a window, and no hand-over
        again.wait_for_window()
        again.quit()
    assert len(aws.requests("Invoke")) == 1


def test_what_was_typed_survives_a_kill(aws: FakeAws, tmp_path: Path) -> None:
    arguments = ("--endpoint-url", aws.url, "--function", "hello")
    drafts = tmp_path / "home" / "state" / "drafts"
    with Application(tmp_path, *arguments, driven=True) as application:
        aws.wait_for_requests("ListAliases", timeout_s=60)
        application.wait_for_text("payloadEditor", "{}")
        application.type("payloadEditor", '{"typed":1,"not sent":"')
        wait_until(lambda: any(b"not sent" in path.read_bytes() for path in drafts.glob("*.json")), "a draft")
        application.process.kill()
        application.wait(60)
    known = len(aws.requests("ListAliases"))
    with Application(tmp_path, *arguments, driven=True) as again:
        aws.wait_for_requests("ListAliases", known + 1, timeout_s=60)
        again.wait_for_text("payloadEditor", '{"typed":1,"not sent":"')
        again.quit()
    assert not aws.requests("Invoke")


@pytest.fixture(params=["short", "long"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """One that leaves room for the path of a socket, and one that does not."""
    if request.param == "long":
        yield tmp_path / ("x" * 60)
        return
    with tempfile.TemporaryDirectory() as short:
        yield Path(short)


def test_a_second_start_hands_over_to_the_first(aws: FakeAws, folder: Path) -> None:
    arguments = ("--endpoint-url", aws.url)
    shared: dict[str, str | None] = {"TMPDIR": tempfile.gettempdir()}
    with Application(folder / "1", *arguments, environment=shared) as first:
        first.wait_for_list()
        wish = (*arguments, "--function", "other", "--page", "logs")
        with Application(folder / "2", *wish, home=first.home, environment=shared) as second:
            assert second.wait(60) == 0
        assert second.errors == ""
        aws.wait_for_requests("ListAliases")  # the first has opened it
        assert aws.requests("ListAliases")[0].path.endswith("/functions/other/aliases")
        assert len(aws.requests("ListFunctions")) == 1
        first.quit()


def test_another_target_or_home_is_another_window(aws: FakeAws, tmp_path: Path) -> None:
    arguments = ("--endpoint-url", aws.url)
    with (
        Application(tmp_path / "1", *arguments) as first,
        Application(tmp_path / "2", *arguments) as second,
        Application(tmp_path / "3", *arguments, "--region", "eu-west-1", home=first.home) as third,
    ):
        aws.wait_for_requests("ListFunctions", 3, timeout_s=60)
        for application in (first, second, third):
            application.wait_for_window()
            application.quit()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "No AWS credentials were found."),
        (("--profile", "nobody"), "The profile nobody is not in the AWS configuration."),
        (("--endpoint-url", "http://192.0.2.1"), "would be signed over unencrypted http"),
    ],
)
def test_what_cannot_be_opened_is_said_in_the_window(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    with Application(tmp_path, *arguments, driven=True) as application:
        application.wait_for_window()
        application.wait_for_text("mainWindow", sentence)
        application.quit()


def test_a_function_that_does_not_exist_is_said(aws: FakeAws, tmp_path: Path) -> None:
    with Application(tmp_path, "--endpoint-url", aws.url, "--function", "nobody", driven=True) as application:
        application.wait_for_list()
        application.wait_for_text("noticeBar", "nobody")
        application.quit()


def test_no_secret_of_the_environment_goes_anywhere(aws: FakeAws, tmp_path: Path) -> None:
    environment: dict[str, str | None] = {
        "AWS_ACCESS_KEY_ID": f"AKIA{CANARY.upper()}",
        "AWS_SECRET_ACCESS_KEY": CANARY,
        "AWS_SESSION_TOKEN": CANARY * 3,
        "AWS_PROFILE": CANARY,
        "DATABASE_PASSWORD": CANARY,
    }
    arguments = ("--endpoint-url", aws.url, "--function", "hello")
    with Application(tmp_path, *arguments, driven=True, environment=environment) as application:
        aws.wait_for_requests("ListAliases", timeout_s=60)
        application.click("invokeButton")
        aws.wait_for_requests("Invoke")
        wait_until(lambda: [outcome for outcome, _ in history_of(application)] == ["ok"], "the answer")
        application.wait_for_list()
        application.quit()
    for request in aws.requests():
        assert request.access_key == "test"
        assert CANARY.lower() not in f"{request.path} {request.headers} {request.body!r}".lower()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 5
    for path in files:
        assert CANARY.lower().encode() not in path.read_bytes().lower(), path


def test_files_are_the_owners_only(aws: FakeAws, tmp_path: Path) -> None:
    with Application(tmp_path, "--endpoint-url", aws.url) as application:
        application.wait_for_list()
        application.wait_for_window()
        application.quit()
    paths = list(application.home.rglob("*"))
    assert len(paths) >= 6
    assert [path for path in paths if path.stat().st_mode & 0o077] == []


def test_files_in_the_way_are_said_and_everything_else_works(aws: FakeAws, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("cache", "config", "data", "state"):
        (home / name).touch()
    check_unwritable(aws, tmp_path, home)


def test_a_read_only_disk_is_said_and_everything_else_works(aws: FakeAws, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with mounted(home, "ro"):
        check_unwritable(aws, tmp_path, home)


def test_a_full_disk_is_said_and_everything_else_works(aws: FakeAws, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with mounted(home, "size=4k"):
        (home / "filler").write_bytes(b"x" * 4096)
        check_unwritable(aws, tmp_path, home)


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A file system of memory at the folder; skips the test where that is not permitted."""
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def check_unwritable(aws: FakeAws, folder: Path, home: Path) -> None:
    """It invokes as ever, says in a few plain sentences what can't be kept, and quits in order."""
    arguments = ("--endpoint-url", aws.url, "--function", "hello")
    with Application(folder, *arguments, driven=True, home=home) as application:
        aws.wait_for_requests("ListAliases", timeout_s=60)
        application.click("invokeButton")
        aws.wait_for_requests("Invoke")
        notices = application.wait_for_text("noticeBar", "")
        application.quit()
    assert len(notices) <= 6  # three of a message and a hint: more would be a storm
    told = " ".join(notices)
    assert "not kept" in told or "can't be saved" in told
    assert "Traceback" not in told
