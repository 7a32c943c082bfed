"""The command `loracity ...` with a fault in it: killed in a replay, between deleting old records and writing new ones.

python tests/killed_replay.py replay --from ... --data-dir ...
"""

import os
import signal
import sys
from typing import Any

from loracity.__main__ import main
from pipeline.replay import Replayer


async def die(*_: Any) -> None:
    """As a power switch would."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    Replayer._write = die  # type: ignore[method-assign,assignment]
    sys.exit(main(sys.argv[1:]))
