"""One process holds the data folder; other commands ask it through its local socket."""

import fcntl
import os
from pathlib import Path
from typing import IO


class DataFolderBusy(Exception):
    """A running service holds the data folder."""


class DataFolderMissing(Exception):
    """There is no data folder where the settings say; only `run` and `demo` make one."""


class DataFolder:
    """The folder with journal, state and embedded store, locked against a second process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def create(self) -> bool:
        """Make the folder if it is missing; True when it was."""
        missing = not self.path.is_dir()
        self.path.mkdir(parents=True, exist_ok=True, mode=0o750)
        return missing

    def acquire(self) -> None:
        """Take the lock. DataFolderBusy, DataFolderMissing. The kernel drops it with the process, however that ends."""
        if not self.path.is_dir():
            raise DataFolderMissing(
                f"there is no data folder {self.path}: start `loracity run` or `loracity demo` first"
            )
        file = (self.path / "lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            file.close()
            raise DataFolderBusy(f"the data folder {self.path} is in use by process {holder}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Let go of the lock."""
        if self._file is not None:
            self._file.close()
            self._file = None
