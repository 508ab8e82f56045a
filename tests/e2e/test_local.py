"""The real process with the Local AWS: the tour's pictures, and nothing that outlives it."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.e2e.application import QUIT_WITHIN_S, Application
from tests.local.running import find_process, list_processes, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

LEAST_BYTES = 10_000
LEAST_COLOURS = 16


def local_dir(application: Application) -> Path:
    return application.home / "state" / "local"


def runs(application: Application) -> list[Path]:
    return list(local_dir(application).glob("run-*"))


def count_colours(image: QImage) -> int:
    return len({image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)})


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Application, Path]]:
    """A tour that has ended, without any screen, and its folder of pictures."""
    folder = tmp_path_factory.mktemp("tour")
    pictures = folder / "deep" / "pictures"
    with Application(
        folder, "--tour", str(pictures), environment={"QT_QPA_PLATFORM": None, "DISPLAY": None}
    ) as application:
        application.wait(150)
        yield application, pictures


def test_the_tour_ends_well_and_says_what_it_did(tour: tuple[Application, Path]) -> None:
    application, _ = tour
    assert application.process.returncode == 0
    assert application.errors == ""
    assert "13 functions are listed" in application.output
    assert "Succeeded" in application.output
    assert "$" in application.output


def test_the_tour_prints_the_path_of_every_picture(tour: tuple[Application, Path]) -> None:
    application, pictures = tour
    printed = {Path(line) for line in application.output.splitlines() if line.endswith(".png")}
    assert printed == set(pictures.iterdir())
    names = {path.stem for path in printed}
    for page in ("invoke", "logs", "charts", "triggers", "configuration", "role", "cost"):
        assert {f"{page}-light", f"{page}-dark", f"{page}-narrow"} <= names


def test_the_pictures_show_something(tour: tuple[Application, Path]) -> None:
    _, pictures = tour
    seen = set()
    for path in sorted(pictures.iterdir()):
        assert path.stat().st_size > LEAST_BYTES, path
        image = QImage(str(path))
        assert image.width() >= 800, path
        assert image.height() >= 600, path
        assert count_colours(image) >= LEAST_COLOURS, path
        seen.add(path.read_bytes())
    assert len(seen) == len(list(pictures.iterdir()))  # no two of them are the same
    assert QImage(str(pictures / "cost-light.png")).pixelColor(3, 3).lightness() > 128
    assert QImage(str(pictures / "cost-dark.png")).pixelColor(3, 3).lightness() < 128


def test_nothing_of_the_tour_is_left_running(tour: tuple[Application, Path]) -> None:
    application, _ = tour
    assert list_processes(application.home) == {}
    assert runs(application) == []


def test_a_tour_that_is_told_to_end_leaves_nothing(tmp_path: Path) -> None:
    with Application(tmp_path, "--tour", str(tmp_path / "pictures")) as application:
        wait_until(lambda: runs(application) and list_processes(local_dir(application)), "the Local AWS", 60)
        application.process.send_signal(signal.SIGTERM)
        assert application.wait(QUIT_WITHIN_S) not in (0, -signal.SIGTERM)
        assert application.errors == ""
        assert list_processes(local_dir(application)) == {}
        assert runs(application) == []


def test_a_tour_without_a_folder_for_its_pictures_says_so(tmp_path: Path) -> None:
    (tmp_path / "in the way").touch()
    with Application(tmp_path, "--tour", str(tmp_path / "in the way" / "pictures")) as application:
        assert application.wait(60) == 1
    (sentence,) = application.errors.splitlines()
    assert "can't be written" in sentence
    assert runs(application) == []


def test_local_quits_with_everything_below_it(tmp_path: Path) -> None:
    with Application(tmp_path, "--local", "--function", "hello") as application:
        application.wait_for_list()
        assert len(list_processes(local_dir(application))) >= 2
        application.quit()
        assert list_processes(local_dir(application)) == {}
        assert runs(application) == []
    (cached,) = application.cached_lists
    assert "order-worker" in {function["name"] for function in json.loads(cached.read_text())["functions"]}


def test_a_kill_leaves_no_process_and_the_next_start_clears_the_rest(tmp_path: Path) -> None:
    with Application(tmp_path, "--local") as application:
        application.wait_for_list()
        (first_run,) = runs(application)
        # Stopped, so that nobody sees the other die before it is dead itself: the worst order there is.
        application.process.send_signal(signal.SIGSTOP)
        supervisor = find_process(local_dir(application), "supervisor.py")
        os.kill(supervisor, signal.SIGKILL)
        application.process.kill()
        application.wait(60)
        wait_until(lambda: not list_processes(local_dir(application)), "every process ends")
        assert first_run.exists()
        with Application(tmp_path, "--local") as again:
            wait_until(lambda: not first_run.exists(), "the rest is cleared", 60)
            wait_until(lambda: len(list_processes(local_dir(again))) >= 2, "the next Local AWS", 60)
            again.process.kill()  # this time the supervisor lives to see it
            again.wait(60)
            wait_until(lambda: not list_processes(local_dir(again)), "every process ends")
            wait_until(lambda: not runs(again), "the folder is deleted")
