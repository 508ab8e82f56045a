"""Makes .venv, installs the locked dependencies and the project, and adds Qt's missing system libraries.

Usage: python3 packaging/bootstrap.py run|test

Standard library only, since nothing is installed yet. What is already in place costs a few milliseconds.
"""

import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = {"run": "requirements.txt", "test": "requirements-dev.txt"}

# What Qt's platforms load, offscreen without the X11 ones: (soname, Debian, Fedora, Arch)
LIBRARIES = (
    ("libEGL.so.1", "libegl1", "libglvnd-egl", "libglvnd"),
    ("libGL.so.1", "libgl1", "libglvnd-glx", "libglvnd"),
    ("libdbus-1.so.3", "libdbus-1-3", "dbus-libs", "dbus"),
    ("libfontconfig.so.1", "libfontconfig1", "fontconfig", "fontconfig"),
    ("libglib-2.0.so.0", "libglib2.0-0", "glib2", "glib2"),
    ("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11"),
    ("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor"),
    ("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm", "xcb-util-wm"),
    ("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms"),
    ("libxcb-shape.so.0", "libxcb-shape0", "libxcb", "libxcb"),
    ("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb", "libxcb"),
)
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
FONTS = ("fonts-dejavu-core", "dejavu-sans-fonts", "ttf-dejavu")
KEYRING = (("gnome-keyring-daemon", "gnome-keyring"), ("dbus-daemon", "dbus"))  # what the tests start
MANAGERS = (
    ("apt-get", "install -y --no-install-recommends"),
    ("dnf", "install -y"),
    ("pacman", "-S --needed"),
)


def main() -> int:
    purpose = sys.argv[1] if len(sys.argv) > 1 else ""
    if purpose not in LOCKS:
        return fail(f"usage: python3 packaging/bootstrap.py {'|'.join(LOCKS)}")
    if sys.version_info < (3, 11):  # noqa: UP036  an older Python runs this file too
        return fail(f"LambdaDesk needs Python 3.11 or later; this is {sys.version.split()[0]}.")
    if problem := add_system_libraries():
        return fail(problem)
    return install(purpose)


def fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


def add_system_libraries() -> str:
    """Install what Qt would miss, where that is allowed. Returns what is wrong, "" for nothing."""
    if sys.platform != "linux":
        return ""
    managers = [index for index, (name, _) in enumerate(MANAGERS) if shutil.which(name)]
    column = managers[0] if managers else 0
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    wanted = (
        LIBRARIES if has_screen else [row for row in LIBRARIES if "xcb" not in row[0] and "x11" not in row[0]]
    )
    packages = [row[1 + column] for row in wanted if not loads(row[0])]
    if not has_fonts():
        packages.append(FONTS[column])
    if not packages:
        return ""
    name, words = MANAGERS[column]
    install_command = [name, *words.split(), *dict.fromkeys(packages)]
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    shown = shlex.join([*(sudo or []), *install_command])
    told = f"Qt needs system libraries that are not installed. Install them with: {shown}"
    if not managers or name != "apt-get" or not may_install():
        return told
    print(f"Installing the system libraries that Qt needs: {shown}", flush=True)
    return "" if apt_get([*sudo, *install_command]) else told


def add_keyring() -> None:
    """Install the keyring that the tests use, where that is allowed; elsewhere they skip those and say so."""
    packages = [package for program, package in KEYRING if not shutil.which(program)]
    if packages and sys.platform == "linux" and shutil.which("apt-get") and may_install():
        name, words = MANAGERS[0]
        command = [*([] if os.geteuid() == 0 else ["sudo"]), name, *words.split(), *packages]
        print(f"Installing the keyring that the tests use: {shlex.join(command)}", flush=True)
        apt_get(command)


def may_install() -> bool:
    return os.geteuid() == 0 or bool(shutil.which("sudo") and (sys.stdin.isatty() or sudo_is_open()))


def apt_get(command: list[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(command, env=environment).returncode == 0:
        return True
    # A fresh machine has no package lists yet.
    update = [*command[: command.index("apt-get")], "apt-get", "update"]
    subprocess.run(update, env=environment)
    return subprocess.run(command, env=environment).returncode == 0


def loads(soname: str) -> bool:
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def has_fonts() -> bool:
    endings = {".ttf", ".otf", ".ttc"}
    for folder in FONT_FOLDERS:
        for _, _, names in os.walk(os.path.expanduser(folder)):
            if any(os.path.splitext(name)[1].lower() in endings for name in names):
                return True
    return False


def sudo_is_open() -> bool:
    return subprocess.run(["sudo", "-n", "true"], stderr=subprocess.DEVNULL).returncode == 0


def has_pip(python: Path) -> bool:
    if not python.exists():
        return False
    return subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True).returncode == 0


def install(purpose: str) -> int:
    lock = ROOT / "packaging" / LOCKS[purpose]
    content = lock.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode()
    fingerprint = hashlib.sha256(content).hexdigest()
    stamp = VENV / f".installed-{purpose}"
    if stamp.exists() and stamp.read_text() == fingerprint:
        return 0
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not has_pip(python):  # an interrupted start leaves a folder without it
        shutil.rmtree(VENV, ignore_errors=True)
        print("Making .venv", flush=True)
        try:
            venv.create(VENV, with_pip=True)
        except subprocess.CalledProcessError:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            shutil.rmtree(VENV, ignore_errors=True)
            return fail(
                "Python's venv module is incomplete here. Install it "
                f"(Debian, Ubuntu: sudo apt-get install python{version}-venv) and run this again."
            )
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    print("Installing the locked dependencies (about 300 MB, once)", flush=True)
    steps = (
        [*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(lock)],
        [*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
    )
    for step in steps:
        if subprocess.run(step).returncode != 0:
            return fail("The dependencies could not be installed; pip's message above says why.")
    if purpose == "test":
        add_keyring()
    stamp.write_text(fingerprint)
    return 0


if __name__ == "__main__":
    sys.exit(main())
