"""Runs a command and ends it when standard input closes: a broker of ours never outlives the process that wanted it.

Started as a script by `gateway_bridge.broker`, which holds the other end of the pipe. However that process ends, even
by SIGKILL, the kernel closes the pipe. Standard library only.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

GRACE_S = 8.0


def main(command: list[str]) -> int:
    """Run `command` until it ends or standard input does; its exit status, 128 + n after signal n."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    threading.Thread(target=_end_with_parent, args=(child,), daemon=True).start()
    status = child.wait()
    return status if status >= 0 else 128 - status


def _end_with_parent(child: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(OSError):  # an end like any other
        while os.read(sys.stdin.fileno(), 4096):
            pass
    child.terminate()
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
