"""start: what has to be arranged before anything of Qt is imported."""

import builtins
import gc

from lambdadesk.app.memory import give_large_pieces_back, keep_memory_private
from lambdadesk.app.options import Options


def start(options: Options) -> int:
    """Import the application and run it. Returns the exit code."""
    keep_memory_private()
    give_large_pieces_back()
    # What is imported stays; looking through it again and again would take 15 ms. `Collector` takes over.
    gc.disable()
    import PySide6.QtCore  # noqa: F401

    # PySide6 reads the source of every module that is imported after it, in case it has `from __feature__`,
    # which nobody uses here: 20 ms by the first frame, 50 ms by the first list of functions.
    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
    from lambdadesk.app.run import run

    return run(options)
