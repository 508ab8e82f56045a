"""Keeps what is in memory from reaching the disk, or another process, by way of a crash."""

import sys
from contextlib import suppress

PR_SET_DUMPABLE = 4  # linux/prctl.h


def keep_memory_private() -> None:
    """Have no core dump written, and on Linux let no other process of the user read this one's memory.

    Keys live in memory only, and a dump would write them to the disk. What the system does not allow is left
    as it is. Children can be looked at as ever, since exec resets that, but leave no core dump either.
    """
    with suppress(ImportError, OSError, ValueError):
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if sys.platform == "linux":
        with suppress(ImportError, OSError, AttributeError):
            # What ctypes itself is made of: all of ctypes takes 2 ms to import, which nobody else needs by
            # the first frame.
            import _ctypes

            loaded = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]  # None: what is loaded already
            prctl = _ctypes.dlsym(loaded, "prctl")
            _ctypes.call_function(prctl, (PR_SET_DUMPABLE, 0, 0, 0, 0))
