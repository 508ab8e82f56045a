"""The command line. Nothing of Qt is imported before the arguments are known to be good."""

import argparse
import os
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

from lambdadesk import __version__
from lambdadesk.app.options import Options

PAGES = (
    "invoke",
    "logs",
    "charts",
    "timeline",
    "triggers",
    "configuration",
    "role",
    "cost",
    "history",
    "query",
)
REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}")


def main(argv: list[str]) -> int:
    """Run LambdaDesk with these arguments (without the program's name) and return its exit code."""
    options = _parse(argv)
    if sentence := _unusable(options):
        print(f"lambdadesk: {sentence}", file=sys.stderr)
        return 2
    if sentence := _no_screen(options):
        print(f"lambdadesk: {sentence}", file=sys.stderr)
        return 3
    from lambdadesk.app.start import start

    return start(options)


def entry() -> None:
    """The console script."""
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # All work has ended by now. The interpreter's own end destroys what is left of Qt in any order, and was
    # seen to crash over an icon.
    os._exit(code)


def _parse(argv: list[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="lambdadesk",
        description="A desktop console for AWS Lambda: invoke, follow logs, see what every run costs.",
        allow_abbrev=False,
    )
    parser.add_argument("--local", action="store_true", help="start a Local AWS with sample functions")
    parser.add_argument("--profile", default="", metavar="P", help="profile of the shared AWS files")
    parser.add_argument("--region", default="", metavar="R", help="region, such as eu-central-1")
    parser.add_argument(
        "--endpoint-url",
        default="",
        metavar="URL",
        help="any compatible endpoint; without --profile it gets placeholder credentials, never yours",
    )
    parser.add_argument("--function", default="", metavar="NAME", help="open this function")
    parser.add_argument("--page", default="", choices=PAGES, metavar="PAGE", help=", ".join(PAGES))
    parser.add_argument("--home", type=Path, metavar="DIR", help="keep every file of LambdaDesk in DIR")
    parser.add_argument(
        "--tour", type=Path, metavar="DIR", help="do the main job on a Local AWS and leave pictures in DIR"
    )
    parser.add_argument("--version", action="version", version=f"lambdadesk {__version__}")
    return Options(**vars(parser.parse_args(argv)))


def _unusable(options: Options) -> str:
    """Why these options can't be used together, in one sentence; "" if they can."""
    real = options.profile or options.endpoint_url
    if options.tour and real:
        return (
            "--tour invokes functions, so it runs on the Local AWS alone; leave the profile and endpoint out."
        )
    if options.local and options.region:
        return "the Local AWS has one region; leave --region out."
    if options.local and real:
        return "--local is an account of its own; leave --profile and --endpoint-url out, or --local."
    if options.region and not REGION.fullmatch(options.region):
        return f"{options.region!r} is not a region; give one such as eu-central-1."
    if options.endpoint_url:
        try:
            parts = urlsplit(options.endpoint_url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
            _ = parts.port
        except ValueError:
            good = False
        if "@" in options.endpoint_url:
            return "leave user name and password out of --endpoint-url; a profile holds credentials."
        if not good:
            return f"{options.endpoint_url!r} is not an endpoint; give one such as http://127.0.0.1:4566."
    if options.home and options.home.exists() and not options.home.is_dir():
        return f"--home {options.home} is a file; give a folder."
    return ""


def _no_screen(options: Options) -> str:
    if options.tour or not sys.platform.startswith("linux"):
        return ""
    if any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        return ""
    return (
        "there is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set). "
        "--tour DIR does the main job offscreen and leaves pictures in DIR."
    )
