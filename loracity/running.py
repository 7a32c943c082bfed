"""Running a service until a signal ends it."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable

from loracity.lock import DataFolder
from loracity.service import Service
from loracity.shell import CommandError
from pipeline.config import Settings
from pipeline.state import StateUnusable


def _tune_interpreter() -> None:
    """What exists now stays for good; what comes has no cycles, so looking for them seldom is enough."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    sys.setswitchinterval(0.0005)  # every read of a socket lets go of the interpreter: don't wait 5 ms to get it back


async def serve_until_signal(settings: Settings, folder: DataFolder, started: Callable[[int], None]) -> int:
    """Run a service in a locked folder until SIGINT or SIGTERM; drains before it returns."""
    service = Service(settings, folder)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, service.stop)
    try:
        await service.open()
    except StateUnusable as error:
        raise CommandError(str(error)) from error
    _tune_interpreter()
    await service.run(started)
    return 0
