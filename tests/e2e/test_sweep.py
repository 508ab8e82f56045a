"""A process that is killed in the middle of a power sweep, and the next one that puts all back."""

from pathlib import Path

from tests.e2e.application import Application
from tests.local.running import wait_until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.faults import Exchange


def start_sweep(application: Application, aws: FakeAws) -> None:
    aws.wait_for_requests("ListAliases", timeout_s=60)
    application.click("sizingButton")
    application.turn("sizingTabs", "Power sweep")
    application.wait_for_text("sizingDialog", "Estimate: up to")
    application.click("sweepStart")
    application.wait_for_text("sizingDialog", "Run hello 60 times")
    application.click("sweepYes")


def test_quitting_in_the_middle_puts_all_back_first(aws: FakeAws, tmp_path: Path) -> None:
    (function,) = [each for each in aws.functions if each["FunctionName"] == "hello"]
    aws.change(function)
    aws.always("Invoke", faults.hang)
    with Application(tmp_path, "--endpoint-url", aws.url, "--function", "hello", driven=True) as application:
        start_sweep(application, aws)
        aws.wait_for_requests("Invoke", timeout_s=60)
        assert len(aws.versions["hello"]) == 6
        application.quit()
    assert function["MemorySize"] == 128
    assert aws.versions["hello"] == []
    assert list((application.home / "state" / "sweeps").glob("*")) == []


def test_a_kill_in_the_middle_is_told_at_the_next_start_and_put_back(aws: FakeAws, tmp_path: Path) -> None:
    (function,) = [each for each in aws.functions if each["FunctionName"] == "hello"]
    aws.change(function)

    def apply_and_hang(exchange: Exchange) -> None:
        exchange.normal()
        faults.hang(exchange)

    aws.script("UpdateFunctionConfiguration", apply_and_hang)
    arguments = ("--endpoint-url", aws.url, "--function", "hello")
    with Application(tmp_path, *arguments, driven=True) as application:
        start_sweep(application, aws)
        aws.wait_for_requests("UpdateFunctionConfiguration", timeout_s=60)
        wait_until(lambda: function["MemorySize"] == 256, "the change")
        application.process.kill()
        application.wait(60)
    assert [version["MemorySize"] for version in aws.versions["hello"]] == [128]
    known = len(aws.requests("ListAliases"))
    with Application(tmp_path, *arguments, driven=True) as again:
        aws.wait_for_requests("ListAliases", known + 1, timeout_s=60)
        again.wait_for_text(
            "noticeBar",
            "LambdaDesk was ended during a power sweep of hello; its memory was 128 MB, now 256 MB.",
        )
        assert function["MemorySize"] == 256  # nothing is changed unasked
        again.click("noticeRetry")
        wait_until(lambda: not list((again.home / "state" / "sweeps").glob("*")), "all put back", 60)
        again.quit()
    assert function["MemorySize"] == 128
    assert aws.versions["hello"] == []
    assert aws.requests("Invoke") == []
