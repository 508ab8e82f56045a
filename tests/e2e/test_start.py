"""The start: what is painted when, and what waits until it has been."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.application import CHECKOUT, Application
from tests.local.running import wait_until
from tests.servers.fake_aws import FakeAws

# What may not be imported before the first frame, each because it takes long.
LATE = (
    *("botocore", "boto3", "numpy", "pyqtgraph", "keyring"),
    *("lambdadesk.aws.failures", "lambdadesk.core.prices", "lambdadesk.desk.connection"),
    *("lambdadesk.local.server", "lambdadesk.ui.function_page"),
)

AFTER_THE_LIST = ("GetMetricData", "GetResources")


def start(aws: FakeAws, folder: Path, milestone: str) -> list[str]:
    """The milestones of one run, in their order; it ends once `milestone` is reached and a list is kept."""
    before = {name: len(aws.requests(name)) for name in AFTER_THE_LIST}
    with Application(folder, "--endpoint-url", aws.url, home=folder.parent / "home") as application:
        wait_until(lambda: milestone in application.read_milestones(), milestone, 30)
        application.wait_for_list()
        # A call that is under way at the end of the process is a socket that nobody closed.
        for name in AFTER_THE_LIST:
            aws.wait_for_requests(name, before[name] + 1, 60)
        application.quit()
        return list(application.read_milestones())


def test_the_list_of_the_first_run_is_asked_for_and_that_of_the_next_is_kept(
    aws: FakeAws, tmp_path: Path
) -> None:
    assert start(aws, tmp_path / "first", "functions_painted_live") == [
        "first_frame",
        "functions_painted_live",
    ]
    assert start(aws, tmp_path / "second", "functions_painted_cached") == [
        "first_frame",
        "functions_painted_cached",
    ]


def test_what_takes_long_is_imported_after_the_first_frame() -> None:
    code = (
        f"import sys\nimport lambdadesk.app.run\nprint([name for name in {LATE!r} if name in sys.modules])\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True)
    assert result.stdout == "[]\n", result.stdout + result.stderr


def test_nobody_reads_the_source_of_what_is_imported(tmp_path: Path) -> None:
    code = (
        "import linecache\n"
        "from lambdadesk.app.options import Options\n"
        "from lambdadesk.app.start import start\n"
        "print(start(Options()), [path for path in linecache.cache if 'lambdadesk' in path])\n"
    )
    # A screen that can't be opened ends the start right after its imports.
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        env={"HOME": str(tmp_path), "DISPLAY": ":65000"},
        capture_output=True,
        text=True,
    )
    assert result.stdout == "3 []\n", result.stdout + result.stderr
