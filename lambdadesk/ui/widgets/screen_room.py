"""resize_within, the size of a window that a small screen, or a large scale, cuts short."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QWidget

_FRAME_PX = 40  # that the window manager's frame takes at most


def resize_within(window: QWidget, width: int, height: int) -> None:
    """Give a window a size in logical pixels, less where its screen has less room for it and its frame."""
    wanted = QSize(width, height)
    is_seen = QApplication.platformName() != "offscreen"  # whose screen is of 800 x 800
    window.resize(fit(wanted, window.screen().availableSize()) if is_seen else wanted)


def fit(wanted: QSize, room: QSize) -> QSize:
    """As much of a size as there is room for beside a frame."""
    return wanted.boundedTo(room - QSize(_FRAME_PX, _FRAME_PX))
