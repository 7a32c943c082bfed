"""A worker process seen from its parent: a queue of jobs, a wall clock, a kill and a fresh start.

Everything happens in callbacks of the event loop; nothing blocks it.
"""

import asyncio
import contextlib
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

from msgspec import Struct

from decoders.javascript.frames import READY, Call, Drop, FrameError, FrameReader, Load, frame_of
from decoders.javascript.result import CodecResult

WINDOW = 32
"""Calls on their way to one process; the rest waits here, where it can still be taken elsewhere."""
_START_S = 20.0
_STARTS = 4
"""Processes that may fail to start one after the other."""
_STOP_S = 1.0
_EXTENSIONS = 10
_RUNNING = 0.8
"""A process that got a smaller part of the time than this was not let run: blame the machine, not the codec."""


class Patience(Struct, frozen=True):
    """Wall-clock seconds that a process may take for one answer."""

    call_s: float = 0.25
    first_s: float = 1.0
    """The first call of a codec in a process: it is compiled then."""


class CodecWorkerError(Exception):
    """No worker process can be started, or the runner is closed: ours or the machine's fault, not the codec's."""


class Codec(Protocol):
    """What a lane needs to know of a codec."""

    @property
    def key(self) -> int:
        """A number of its own for every version of every codec."""

    @property
    def source(self) -> str:
        """The JavaScript text."""


class Job(Struct, eq=False):
    """One call on its way, and whom to tell."""

    codec: Codec
    operation: str
    text: str
    now_ms: int
    answered: Callable[["Lane", "Job", str], None]
    """Called with the answer's JSON text."""
    tell: Callable[[CodecResult], None]
    """For whoever owns the job: hands over the result."""
    failed: Callable[[Exception], None]
    """Called when no process can take the job."""
    attempts: int = 0
    first: bool = False


class Lane:
    """Jobs in order, run by one process at a time; the process is started when there is work."""

    def __init__(
        self, name: str, patience: Patience, lost: Callable[["Lane", Job, bool], None], niceness: int = 0
    ) -> None:
        """`lost` is told which job took the process down, and whether the process was killed for not answering."""
        self.name = name
        self.niceness = niceness
        self._patience = patience
        self._lost = lost
        self._queue: deque[Job] = deque()
        self._flying: deque[Job] = deque()
        self._loaded: set[int] = set()
        self._process: _Process | None = None
        self._starting: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._failed_starts = 0
        self._deadline = 0.0
        self._extensions = 0
        self._head_cpu_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process of this moment, if there is one."""
        return None if self._process is None else self._process.pid

    @property
    def waiting(self) -> int:
        """Jobs that have no answer yet."""
        return len(self._queue) + len(self._flying)

    def submit(self, job: Job) -> None:
        """Take a job; its `answered` or `failed` is called later, unless the job is taken away."""
        if self._closed:
            job.failed(CodecWorkerError("the codec runner is closed"))
            return
        self._queue.append(job)
        self._pump()

    def take_away(self, codec: Codec) -> list[Job]:
        """The jobs of a codec that have not been sent yet: they are the caller's from now on."""
        taken = [job for job in self._queue if job.codec is codec]
        if taken:
            self._queue = deque(job for job in self._queue if job.codec is not codec)
        return taken

    def forget(self, codec: Codec) -> None:
        """The codec will not come back to this lane: free its memory, or let it be loaded anew."""
        if codec.key in self._loaded:
            self._loaded.discard(codec.key)
            if self._process is not None:
                self._process.write(frame_of(Drop(codec.key)))

    async def close(self) -> None:
        """End the process; jobs without an answer fail."""
        self._closed = True
        if self._starting is not None:
            self._starting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._starting
        if self._timer is not None:
            self._timer.cancel()
        process, self._process = self._process, None
        jobs = [*self._flying, *self._queue]
        self._flying.clear()
        self._queue.clear()
        for job in jobs:
            job.failed(CodecWorkerError("the codec runner is closed"))
        if process is not None:
            self._end(process)
        while self._ending:
            await asyncio.gather(*self._ending)

    def _end(self, process: "_Process") -> None:
        task = asyncio.get_running_loop().create_task(process.end(), name=f"codec worker {self.name} ends")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _pump(self) -> None:
        if self._process is None:
            if self._starting is None and self._queue and not self._closed:
                start = self._start()
                self._starting = asyncio.get_running_loop().create_task(start, name=f"codec worker {self.name} starts")
            return
        frames = []
        idle = not self._flying
        while self._queue and len(self._flying) < WINDOW:
            job = self._queue.popleft()
            job.first = job.codec.key not in self._loaded
            if job.first:
                self._loaded.add(job.codec.key)
                frames.append(frame_of(Load(job.codec.key, job.codec.source)))
            frames.append(frame_of(Call(job.codec.key, job.operation, job.text, job.now_ms)))
            self._flying.append(job)
        if frames:
            self._process.write(b"".join(frames))
            if idle:
                self._wait_for_head()

    async def _start(self) -> None:
        try:
            while not self._closed and self._queue:
                try:
                    process = await _Process.start(self)
                except (OSError, TimeoutError, CodecWorkerError) as error:
                    await self._not_started(error)
                    continue
                self._failed_starts = 0
                self._process = process
                self._loaded.clear()
                break
        finally:
            self._starting = None
        self._pump()

    async def _not_started(self, error: Exception) -> None:
        self._failed_starts += 1
        if self._failed_starts < _STARTS:
            await asyncio.sleep(0.1 * 2**self._failed_starts)
            return
        self._failed_starts = 0
        jobs, self._queue = self._queue, deque()
        for job in jobs:
            job.failed(CodecWorkerError(f"codec worker {self.name} does not start: {error}"))

    def answer(self, process: "_Process", body: bytes) -> None:
        """The process answered its first job."""
        if process is not self._process or process.killed or not self._flying:
            return  # an answer that came too late: the job is told to be lost, once and for all
        job = self._flying.popleft()
        if self._flying:
            self._wait_for_head()
        job.answered(self, job, body.decode())
        self._pump()

    def gone(self, process: "_Process") -> None:
        """The process has ended; what it was working on is the cause, everything behind that goes to the next one."""
        if process is not self._process:
            return
        self._process = None
        self._loaded.clear()
        self._end(process)
        jobs, self._flying = self._flying, deque()
        if jobs:
            culprit = jobs.popleft()
            self._queue.extendleft(reversed(jobs))
            self._lost(self, culprit, process.killed)
        self._pump()

    def _wait_for_head(self) -> None:
        loop = asyncio.get_running_loop()
        self._deadline = loop.time() + self._head_patience()
        self._extensions = 0
        self._head_cpu_s = None if self._process is None else self._process.cpu_s()
        if self._timer is None or self._timer.when() > self._deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_at(self._deadline, self._look_at_clock)

    def _head_patience(self) -> float:
        return self._patience.first_s if self._flying[0].first else self._patience.call_s

    def _look_at_clock(self) -> None:
        self._timer = None
        if not self._flying or self._process is None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= self._deadline:
            if self._extensions >= _EXTENSIONS or self._had_its_time(self._process):
                self._process.kill()
                return
            self._extensions += 1
            self._deadline = loop.time() + self._head_patience()
        self._timer = loop.call_at(self._deadline, self._look_at_clock)

    def _had_its_time(self, process: "_Process") -> bool:
        used_s = process.cpu_s()
        if used_s is None or self._head_cpu_s is None:
            return True
        return used_s - self._head_cpu_s >= _RUNNING * self._head_patience()


class _Process(asyncio.SubprocessProtocol):
    """One process: bytes in, bytes out, and its end."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._reader = FrameReader()
        self._transport: asyncio.SubprocessTransport | None = None
        self._stdin: asyncio.WriteTransport | None = None
        loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = loop.create_future()
        self._exited: asyncio.Future[None] = loop.create_future()
        self.killed = False

    @classmethod
    async def start(cls, lane: Lane) -> "_Process":
        """A process that has said that it is ready. Raises `OSError`, `TimeoutError`, `CodecWorkerError`."""
        _, process = await asyncio.get_running_loop().subprocess_exec(
            lambda: cls(lane),
            sys.executable,
            *("-I", "-m", "decoders.javascript.worker", str(lane.niceness)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=None,
            env={"TZ": "UTC"},
            cwd="/",
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(_START_S):
                await process._ready
        except BaseException:
            process.kill()
            await process.end()
            raise
        return process

    @property
    def pid(self) -> int | None:
        return None if self._transport is None else self._transport.get_pid()

    def cpu_s(self) -> float | None:
        """CPU seconds used so far; None where the system does not tell."""
        pid = self.pid
        if pid is None or sys.platform != "linux":
            return None
        try:
            return time.clock_gettime(~pid << 3 | 2)  # Linux: another process's CPU clock, clock_getcpuclockid(3)
        except OSError:
            return None

    def write(self, data: bytes) -> None:
        if self._stdin is not None and not self._stdin.is_closing():
            self._stdin.write(data)

    def kill(self) -> None:
        """SIGKILL; the rest happens when its end is reported."""
        self.killed = True
        if self._transport is not None and self._transport.get_returncode() is None:
            with contextlib.suppress(ProcessLookupError):
                self._transport.send_signal(signal.SIGKILL)

    async def end(self) -> None:
        """Close its stdin, wait for its end, kill it if it does not come."""
        if self._stdin is not None:
            self._stdin.close()
        try:
            async with asyncio.timeout(_STOP_S):
                await asyncio.shield(self._exited)
        except TimeoutError:
            self.kill()
            await self._exited
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's, so they are not asked.
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self._stdin = cast(asyncio.WriteTransport, self._transport.get_pipe_transport(0))

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        assert isinstance(data, bytes)
        try:
            bodies = self._reader.feed(data)
        except FrameError:
            self.kill()  # a worker gone mad; what it was working on is the cause
            return
        for body in bodies:
            if not self._ready.done() and body == READY:
                self._ready.set_result(None)
            else:
                self._lane.answer(self, body)

    def process_exited(self) -> None:
        if not self._exited.done():
            self._exited.set_result(None)
        if not self._ready.done():
            self._ready.set_exception(CodecWorkerError("the process ended while it started"))

    def connection_lost(self, exc: Exception | None) -> None:
        # After the last of its output has been read, so that no answer is lost.
        self._lane.gone(self)
