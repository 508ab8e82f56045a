"""The command line: exit codes and one plain sentence, before any window or Qt is there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lambdadesk
from lambdadesk.app.options import Options
from lambdadesk.cli import PAGES, _no_screen, _parse, _unusable

CHECKOUT = Path(__file__).parents[1]
SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


def start(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run `python -m lambdadesk` to its end, without any screen."""
    variables = {name: value for name, value in os.environ.items() if name not in SCREENS}
    return subprocess.run(
        [sys.executable, "-m", "lambdadesk", *arguments],
        cwd=CHECKOUT,
        env={**variables, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_version() -> None:
    result = start("--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"lambdadesk {lambdadesk.__version__}\n"


def test_help_names_every_option() -> None:
    result = start("--help")
    assert result.returncode == 0
    for option in (
        "local",
        "profile",
        "region",
        "endpoint-url",
        "function",
        "page",
        "home",
        "tour",
        "version",
    ):
        assert f"--{option}" in result.stdout


def test_no_screen_is_said_and_what_to_do(tmp_path: Path) -> None:
    result = start("--local", "--home", str(tmp_path / "home"))
    assert result.returncode == 3
    (line,) = result.stderr.splitlines()
    assert line.startswith("lambdadesk: there is no screen here")
    assert "--tour DIR" in line
    assert result.stdout == ""
    assert not (tmp_path / "home").exists()


def test_a_screen_that_cannot_be_opened_is_said() -> None:
    result = start("--local", DISPLAY=":987")
    assert result.returncode == 3
    (line,) = result.stderr.splitlines()
    assert ":987" in line or "apt-get install" in line


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--page", "nowhere"], "nowhere"),
        (["--unknown"], "--unknown"),
        (["--loc"], "--loc"),  # an abbreviation could mean another option in the next version
        (["stray"], "stray"),
        (["--region"], "--region"),
        (["--region", "x.example/"], "is not a region"),
        (["--region", "eu-central-1\n"], "is not a region"),
        (["--endpoint-url", "localhost:4566"], "is not an endpoint"),
        (["--endpoint-url", "ftp://127.0.0.1"], "is not an endpoint"),
        (["--endpoint-url", "http://"], "is not an endpoint"),
        (["--endpoint-url", "http://127.0.0.1:99999"], "is not an endpoint"),
        (["--endpoint-url", "http://[::1"], "is not an endpoint"),
        (["--endpoint-url", "http://user:password@127.0.0.1:1"], "leave user name and password out"),
        (["--local", "--profile", "p"], "--local is an account of its own"),
        (["--local", "--endpoint-url", "http://127.0.0.1:1"], "--local is an account of its own"),
        (["--tour", "d", "--profile", "p"], "leave the profile and endpoint out"),
        (["--home", __file__], "is a file"),
    ],
)
def test_bad_arguments_end_with_one_sentence(arguments: list[str], reason: str) -> None:
    result = start(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    *usage, sentence = result.stderr.splitlines()
    assert sentence.startswith("lambdadesk: ")
    assert reason in sentence
    assert "".join(usage) == "" or usage[0].startswith("usage: lambdadesk")  # the parser's own
    assert "Traceback" not in result.stderr


def test_all_is_read() -> None:
    given = {
        "--profile": "p",
        "--region": "eu-central-1",
        "--endpoint-url": "http://127.0.0.1:1",
        "--function": "f",
        "--page": "logs",
        "--home": "h",
    }
    options = _parse([word for pair in given.items() for word in pair])
    assert options == Options(
        profile="p",
        region="eu-central-1",
        endpoint_url="http://127.0.0.1:1",
        function="f",
        page="logs",
        home=Path("h"),
    )
    assert _unusable(options) == ""
    assert _parse([]) == Options()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_accepted(page: str) -> None:
    assert _parse(["--page", page]).page == page


@pytest.mark.parametrize(
    "region", ["us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"]
)
def test_regions_of_all_partitions_are_accepted(region: str) -> None:
    assert _unusable(Options(region=region)) == ""


@pytest.mark.parametrize("name", SCREENS)
def test_any_screen_will_do(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for each in SCREENS:
        monkeypatch.delenv(each, raising=False)
    if sys.platform.startswith("linux"):
        assert _no_screen(Options())
    assert not _no_screen(Options(tour=Path("d")))
    monkeypatch.setenv(name, "x")
    assert not _no_screen(Options())


def test_a_refusal_comes_before_qt() -> None:
    script = (
        "import sys; from lambdadesk.cli import main; code = main(['--region', '?']);"
        "sys.exit(code if 'PySide6' not in sys.modules else 99)"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, check=False)
    assert result.returncode == 2


def test_the_console_script_is_the_same_program() -> None:
    script = Path(sys.executable).with_name("lambdadesk")
    if not script.exists():
        pytest.skip("not installed")
    result = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"lambdadesk \d+\.\d+\S*\n", result.stdout)
