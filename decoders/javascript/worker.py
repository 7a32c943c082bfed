"""The process that runs codecs: `python -I -m decoders.javascript.worker NICENESS`, frames on stdin and stdout.

It has no environment, opens no file after start and ends with its stdin. An engine loop that nothing interrupts ends by
the parent's kill or, should the parent be gone, by the process's own alarm.
"""

import os
import resource
import signal
import sys

import msgspec

from decoders.javascript.frames import MOVED, READY, Call, Drop, FrameReader, Load, framed
from decoders.javascript.sandbox import Sandbox, fatal_answer, warm_up

ADDRESS_SPACE = 1 << 30
OPEN_FILES = 16
ALARM_S = 10.0
"""Far above the parent's patience: only for a parent that was killed."""
_LIMIT_KINDS = frozenset({"timeout", "memory", "stack"})


def main() -> None:
    """Answer calls until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # kills, also inside the engine
    warm_up()
    os.nice(int(sys.argv[1]))
    _limit_process()
    reader = FrameReader()
    decoder = msgspec.json.Decoder(Load | Call | Drop)
    codecs = Codecs()
    _write(READY)
    while piece := os.read(0, 65536):
        for body in reader.feed(piece):
            answer = codecs.handle(decoder.decode(body))
            if answer is not None:
                _write(answer.encode())


class Codecs:
    """The codecs that this process knows, by the parent's numbers."""

    def __init__(self) -> None:
        self._sandboxes: dict[int, Sandbox] = {}

    def handle(self, message: Load | Call | Drop) -> str | None:
        """The answer to a call; None for what is not answered."""
        if isinstance(message, Call):
            return self._call(message)
        self._sandboxes.pop(message.key, None)
        if isinstance(message, Load):
            self._sandboxes[message.key] = Sandbox(message.source)
        return None

    def _call(self, call: Call) -> str:
        sandbox = self._sandboxes.get(call.key)
        if sandbox is None:
            return MOVED
        signal.setitimer(signal.ITIMER_REAL, ALARM_S)
        answer = sandbox.run(call.operation, call.text, call.now_ms)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if '"fatal"' in answer and _hit_limit(answer):
            del self._sandboxes[call.key]  # what is on its way would stall the others just the same
        return answer


def _hit_limit(answer: str) -> bool:
    given = fatal_answer(answer)
    return given is not None and given.fatal.kind in _LIMIT_KINDS


def _limit_process() -> None:
    """As far as the system goes along: macOS, for one, does not limit address space."""
    wanted = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, OPEN_FILES), (resource.RLIMIT_FSIZE, 0)]
    if hasattr(resource, "RLIMIT_NPROC"):
        wanted.append((resource.RLIMIT_NPROC, 0))
    if sys.platform != "darwin":
        wanted.append((resource.RLIMIT_AS, ADDRESS_SPACE))
    for limit, value in wanted:
        _, hard = resource.getrlimit(limit)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(limit, (value, value))
        except (OSError, ValueError) as error:
            sys.stderr.write(f"codec worker: no limit {limit}: {error}\n")


def _write(body: bytes) -> None:
    rest = memoryview(framed(body))
    while rest:
        rest = rest[os.write(1, rest) :]


if __name__ == "__main__":
    main()
