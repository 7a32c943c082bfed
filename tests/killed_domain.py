"""The service with a fault in it: killed before its COMMIT-th commit of detectors' states, with the readings stored.

python tests/killed_domain.py CONFIG COMMIT
"""

import os
import signal
import sys
from pathlib import Path

import uvloop

from loracity.lock import DataFolder
from loracity.running import serve_until_signal
from pipeline.config import load_settings
from pipeline.effects import Effects
from pipeline.state import StateStore


def main() -> None:
    """Run until the commit."""
    commit, left = StateStore.commit, [int(sys.argv[2])]

    def commit_or_die(self: StateStore, effects: Effects) -> None:
        if effects.domain is not None and effects.domain.states:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        commit(self, effects)

    StateStore.commit = commit_or_die  # type: ignore[method-assign]
    settings = load_settings(Path(sys.argv[1]), {})
    folder = DataFolder(settings.data_dir)
    folder.acquire()
    uvloop.run(serve_until_signal(settings, folder, lambda port: None))


if __name__ == "__main__":
    main()
