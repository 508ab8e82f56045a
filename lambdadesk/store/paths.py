"""Where LambdaDesk keeps its files."""

import hashlib
import os
from pathlib import Path

import platformdirs

APP_NAME = "lambdadesk"


class Paths:
    """Every place on disk that the application uses.

    home: one folder for everything, so that instances with different homes never meet; without it, the
    variable LAMBDADESK_HOME, and without that the platform's own folders.

    Asking for a path touches nothing; `files.make_private` makes the folders (0700) before a write.
    """

    def __init__(self, home: Path | None = None) -> None:
        if home is None and os.environ.get("LAMBDADESK_HOME"):
            home = Path(os.environ["LAMBDADESK_HOME"])
        self.home = home.expanduser().absolute() if home else None
        if self.home:
            self.config_dir = self.home / "config"
            self.data_dir = self.home / "data"
            self.cache_dir = self.home / "cache"
            self.state_dir = self.home / "state"
        else:
            dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False)
            self.config_dir = dirs.user_config_path
            self.data_dir = dirs.user_data_path
            self.cache_dir = dirs.user_cache_path
            self.state_dir = dirs.user_state_path

    @property
    def settings_file(self) -> Path:
        return self.config_dir / "settings.json"

    @property
    def connections_file(self) -> Path:
        return self.config_dir / "connections.json"

    @property
    def history_file(self) -> Path:
        return self.data_dir / "history.sqlite"

    @property
    def invocations_file(self) -> Path:
        """Figures of invocations that were seen."""
        return self.data_dir / "invocations.sqlite"

    @property
    def price_dir(self) -> Path:
        """Downloaded list prices."""
        return self.data_dir / "prices"

    @property
    def own_use_file(self) -> Path:
        """What LambdaDesk itself used of what AWS takes money for."""
        return self.data_dir / "own-use.sqlite"

    @property
    def events_dir(self) -> Path:
        """Saved events, where the settings name no folder for them."""
        return self.data_dir / "events"

    @property
    def local_dir(self) -> Path:
        """What the Local AWS needs while it runs."""
        return self.state_dir / "local"

    @property
    def drafts_dir(self) -> Path:
        return self.state_dir / "drafts"

    @property
    def sweeps_dir(self) -> Path:
        """What power sweeps have to put back."""
        return self.state_dir / "sweeps"

    @property
    def lines_dir(self) -> Path:
        """Where log lines are that no longer fit into memory; its files have no names."""
        return self.state_dir / "lines"

    @property
    def crash_dir(self) -> Path:
        return self.state_dir / "crashes"

    @property
    def lock_name(self) -> str:
        """Name of this home in places shared by the whole machine: lock, keyring service."""
        if not self.home:
            return APP_NAME
        return f"{APP_NAME}-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]}"
