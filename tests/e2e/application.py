"""Application, LambdaDesk as a process of its own, seen from outside."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.local.running import wait_until

CHECKOUT = Path(__file__).parents[2]
QUIT_WITHIN_S = 30.0  # it says so itself after 8 s


class Application:
    """A context manager that starts `python -m lambdadesk` and kills whatever is left of it.

    folder: a home (`folder`/home), the user's own home, and what the process writes on its outputs.
    driven: start it with the remote control of driven.py.
    environment: on top of next to nothing; None takes a variable away.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        driven: bool = False,
        environment: dict[str, str | None] | None = None,
        home: Path | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.home = home or folder / "home"
        self.milestones = folder / "milestones"
        self._errors = folder / "stderr"
        self._output = folder / "stdout"
        self._module = "tests.e2e.driven" if driven else "lambdadesk"
        self._arguments = ("--home", str(self.home), *arguments)
        variables: dict[str, str | None] = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LANG": "C.UTF-8",
            "QT_QPA_PLATFORM": "offscreen",
            "AWS_EC2_METADATA_DISABLED": "true",
            "LAMBDADESK_MILESTONES": str(self.milestones),
            **(environment or {}),
        }
        self._variables = {name: value for name, value in variables.items() if value is not None}

    def __enter__(self) -> Self:
        with self._errors.open("wb") as errors, self._output.open("wb") as output:
            self.process = subprocess.Popen(
                # What is not closed is told on stderr, which has to stay empty.
                [sys.executable, "-W", "default::ResourceWarning", "-m", self._module, *self._arguments],
                cwd=CHECKOUT,
                env=self._variables,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=errors,
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: TracebackType | BaseException | None) -> None:
        assert self.process.stdin
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        if kind is not None:
            sys.stderr.write(f"the application's stderr:\n{self.errors}\n")

    @property
    def errors(self) -> str:
        return self._errors.read_text()

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def cached_lists(self) -> list[Path]:
        """The function lists it has kept: one as soon as a list is complete."""
        return list(self.home.glob("cache/functions-*.json"))

    def wait_for_window(self) -> None:
        wait_until(lambda: "first_frame" in self.read_milestones(), "the first frame", 60)

    def wait_for_list(self) -> None:
        wait_until(lambda: self.cached_lists, "the list of functions", 30)

    def read_milestones(self) -> dict[str, int]:
        """Name -> moment in nanoseconds, in the order in which they were reached."""
        if not self.milestones.exists():
            return {}
        lines = self.milestones.read_text().splitlines()
        return {name: int(moment) for name, moment in (line.split() for line in lines)}

    def click(self, name: str) -> None:
        self._ask(f"click {name}")

    def turn(self, name: str, title: str) -> None:
        """Show a tab by its title."""
        self._ask(f"turn {name} {title}")

    def type(self, name: str, text: str) -> None:
        """Replace the text of an editor by hand."""
        self._ask(f"type {name} {text}")

    def close_window(self) -> None:
        self._ask("close")

    def read(self, name: str) -> list[str]:
        """The visible texts within a widget."""
        known = len(self.output.splitlines())
        self._ask(f"read {name}")
        wait_until(lambda: len(self.output.splitlines()) > known, f"the texts of {name}")
        texts: list[str] = json.loads(self.output.splitlines()[-1])
        return texts

    def wait_for_text(self, name: str, part: str) -> list[str]:
        """The texts within a widget, as soon as `part` is in one of them."""
        texts: list[str] = []

        def is_there() -> bool:
            texts[:] = self.read(name)
            return any(part in text for text in texts)

        try:
            wait_until(is_there, part, 60)
        except AssertionError as error:
            raise AssertionError(f"{error}; there are {texts}") from None
        return texts

    def _ask(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def wait(self, within_s: float) -> int:
        """Its exit code; it has to end by itself in time."""
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end within {within_s:g} s") from None

    def quit(self, number: signal.Signals = signal.SIGTERM, within_s: float = QUIT_WITHIN_S) -> None:
        """End it by a signal: it has to end in time, with exit code 0, and without a word."""
        self.process.send_signal(number)
        self.check_end(within_s)

    def check_end(self, within_s: float = QUIT_WITHIN_S) -> None:
        """It ends soon, with exit code 0, and has said nothing on stderr."""
        assert self.wait(within_s) == 0
        assert self.errors == ""
