"""What the system is to do with memory: show it to nobody, and take large pieces back."""

import sys
from contextlib import suppress

PR_SET_DUMPABLE = 4  # linux/prctl.h
M_MMAP_THRESHOLD = -3  # malloc.h
_LARGE_BYTES = 128 * 1024


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
            _call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)


def give_large_pieces_back() -> None:
    """Have the GNU C library return pieces of memory from 128 KB on to the system when they are freed.

    It does at first, and from 32 MB on later: a million log lines, which come and go in pieces of half a
    megabyte, then take a fifth more. Elsewhere nothing is changed.
    """
    if sys.platform == "linux":
        with suppress(ImportError, OSError, AttributeError):
            _call("mallopt", M_MMAP_THRESHOLD, _LARGE_BYTES)


def _call(name: str, *arguments: int) -> None:
    # What ctypes itself is made of: all of ctypes takes 2 ms to import, which nobody else needs by the first
    # frame.
    import _ctypes

    loaded = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]  # None: what is loaded already
    _ctypes.call_function(_ctypes.dlsym(loaded, name), arguments)
