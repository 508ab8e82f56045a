"""python -m lambdadesk."""

from lambdadesk.cli import entry

entry()
