"""Runs codecs in worker processes, from the event loop: `CodecRunner`.

New codecs share a trial process, proven ones the steady one, and each that hit a limit gets a process of its own, so
that one codec's stall never costs the others. Hits, probation and quarantine are `decoders.javascript.states`.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from decoders.javascript.catalogue import CodecFile, CodecFolder
from decoders.javascript.frames import MOVED
from decoders.javascript.request import CodecCall, input_text
from decoders.javascript.result import LIMIT_REASONS, CodecFailure, CodecReason, CodecResult, failed, result_of
from decoders.javascript.states import CodecState, CodecStatus
from decoders.javascript.workers import CodecWorkerError, Job, Lane, Patience

MAX_PROBATION = 4
"""Processes for codecs on probation; with more such codecs than that, some share one."""
_NICENESS = 10
"""Of processes that run what is not proven: the machine's other work comes first."""
_ATTEMPTS = 2
"""Runs of a call that took its process down: the machine may have been the cause."""

Observer = Callable[[str, str, str], None]
"""Told of every change of a codec: its id, one of `EVENTS`, and the reason for people."""
EVENTS = frozenset({"loaded", "refused", "removed", "limit", "quarantined", "steady", "folder_lost", "folder_back"})


class CodecRunner:
    """The codecs of a folder, ready to run. Use as `async with CodecRunner(folder, clock_ms) as runner`."""

    def __init__(
        self,
        path: Path,
        clock_ms: Callable[[], int],
        *,
        patience: Patience = Patience(),  # noqa: B008 (frozen)
        rescan_s: float = 1.0,
        observe: Observer = lambda codec, event, detail: None,
    ) -> None:
        """`path` is the codecs folder (or one file); `clock_ms` stamps quarantines and is the clock while loading."""
        self._folder = CodecFolder(path)
        self._clock_ms = clock_ms
        self._patience = patience
        self._rescan_s = rescan_s
        self._observe = observe
        self._states: dict[str, CodecState] = {}
        self._found: dict[str, CodecFile | CodecFailure] = {}
        self._refused: dict[str, CodecFailure] = {}
        self._outcomes: dict[str, CodecFile | CodecFailure] = {}
        self._next_key = 0
        self._closed = False
        self._trial = Lane("trial", patience, self._lost, _NICENESS)
        self._steady = Lane("steady", patience, self._lost)
        self._probation: dict[int, Lane] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._refreshing = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "CodecRunner":
        """Read the folder. Raises `OSError` if it can't be read. Files are compiled when called, or soon after."""
        # Nothing counts as found yet: the first look at the folder tries every file.
        self._outcomes = await asyncio.to_thread(self._folder.scan)
        self._take(self._outcomes)
        self._watch = asyncio.create_task(self._keep_watching(), name="codec folder")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End all processes; calls without an answer raise `CodecWorkerError`."""
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        await asyncio.gather(*(lane.close() for lane in self._lanes()), *self._closing)

    async def run(self, calls: Sequence[CodecCall]) -> list[CodecResult]:
        """The results in the order of the calls, which are sent without waiting for each other.

        What a codec does wrong is in its result. Raises `CodecWorkerError` if no process can be started or the runner
        is closed: then nothing is known of any call, and they may be sent again.
        """
        return list(await asyncio.gather(*(self._submit(call) for call in calls)))

    def status(self) -> list[CodecStatus]:
        """Every codec of the folder, by id."""
        return [self._status(codec) for codec in sorted(self._states.keys() | self._refused.keys())]

    def version(self, codec: str) -> str | None:
        """The version that runs now; None for an unknown codec."""
        state = self._states.get(codec)
        return None if state is None else state.file.version

    def pids(self) -> dict[str, int]:
        """The worker processes of this moment, by name."""
        return {lane.name: lane.pid for lane in self._lanes() if lane.pid is not None}

    async def refresh(self) -> None:
        """Look at the folder now: try changed files, take the good ones.

        Raises `OSError` if it can't be read and `CodecWorkerError` if nothing can be tried: then all stays as it was.
        """
        async with self._refreshing:
            found = await asyncio.to_thread(self._folder.scan)
            changed = [(codec, file) for codec, file in found.items() if file != self._found.get(codec)]
            tried = dict(await asyncio.gather(*(self._tried(codec, file) for codec, file in changed)))
            self._outcomes = {codec: tried.get(codec) or self._outcomes[codec] for codec in found}
            self._found = found
            self._take(self._outcomes)

    async def check(self) -> dict[str, CodecFailure]:
        """Compile every codec once: why each bad one is refused, with line and column where they are known."""
        async with self._refreshing:
            files = {codec: state.file for codec, state in self._states.items()}
            tried = await asyncio.gather(*(self._tried(codec, file) for codec, file in files.items()))
        bad = {codec: outcome for codec, outcome in tried if isinstance(outcome, CodecFailure)}
        return self._refused | bad

    # --- calls -------------------------------------------------------------------------------------------------------

    def _submit(self, call: CodecCall) -> "asyncio.Future[CodecResult]":
        future: asyncio.Future[CodecResult] = asyncio.get_running_loop().create_future()
        state = self._states.get(call.codec)
        if self._closed:
            future.set_exception(CodecWorkerError("the codec runner is closed"))
        elif state is None:
            future.set_result(self._unknown(call.codec))
        elif state.quarantine is not None:
            future.set_result(failed("js_quarantined", str(state.quarantine), state.file.version))
        else:
            self._lane(state).submit(self._job(state, call.operation, input_text(call), call.received_ms, future))
        return future

    def _job(
        self, state: CodecState, operation: str, text: str, now_ms: int, future: "asyncio.Future[CodecResult]"
    ) -> Job:
        def answered(lane: Lane, job: Job, answer: str) -> None:
            if answer == MOVED:
                self._send_on(state, [job])
                self._retire_unused()
                return
            result = result_of(answer, state.file.version)
            self._note(state, lane, result)
            if self._states.get(state.file.id) is not state:
                lane.forget(state)  # replaced meanwhile, or only tried
            tell(result)

        def tell(result: CodecResult) -> None:
            if not future.done():
                future.set_result(result)

        def give_up(error: Exception) -> None:
            if not future.done():
                future.set_exception(error)

        return Job(state, operation, text, now_ms, answered, tell, give_up)

    def _unknown(self, codec: str) -> CodecResult:
        refused = self._refused.get(codec)
        if refused is None:
            return failed("js_unknown_codec", f"no codec {codec!r} in the codecs folder")
        return CodecResult(failure=refused, errors=(str(refused),))

    def _note(self, state: CodecState, lane: Lane, result: CodecResult) -> None:
        if result.failure is not None and result.failure.reason in LIMIT_REASONS:
            self._hit(state, lane, result.failure.reason)
        elif state.note_good():
            self._observe(state.file.id, "steady", "")
            lane.forget(state)
            self._send_on(state, lane.take_away(state))
            self._retire_unused()

    def _hit(self, state: CodecState, lane: Lane, reason: CodecReason, again: Sequence[Job] = ()) -> None:
        state.note_hit(reason, self._clock_ms())
        self._observe(state.file.id, "limit", reason)
        if state.quarantine is not None:
            self._observe(state.file.id, "quarantined", str(state.quarantine))
        lane.forget(state)
        self._send_on(state, [*again, *lane.take_away(state)])
        self._retire_unused()

    def _send_on(self, state: CodecState, jobs: Sequence[Job]) -> None:
        for job in jobs:
            if state.quarantine is not None:
                job.tell(failed("js_quarantined", str(state.quarantine), state.file.version))
            else:
                self._lane(state).submit(job)

    def _lost(self, lane: Lane, job: Job, killed: bool) -> None:
        """A process died over this job."""
        state = job.codec
        assert isinstance(state, CodecState)
        reason: CodecReason = "js_stalled" if killed else "js_crashed"
        job.attempts += 1
        self._hit(state, lane, reason, [job] if job.attempts < _ATTEMPTS else [])
        if job.attempts >= _ATTEMPTS:
            detail = "gave no answer in time" if killed else "took its worker process down"
            job.tell(failed(reason, detail, state.file.version))

    # --- lanes -------------------------------------------------------------------------------------------------------

    def _lanes(self) -> list[Lane]:
        return [self._trial, self._steady, *self._probation.values()]

    def _lane(self, state: CodecState) -> Lane:
        if state.standing == "steady":
            return self._steady
        if state.standing == "trial":
            return self._trial
        lane = self._probation.get(state.key)
        if lane is None:
            if len(set(self._probation.values())) < MAX_PROBATION:
                lane = Lane(f"probation {state.file.id}", self._patience, self._lost, _NICENESS)
            else:
                lane = min(self._probation.values(), key=lambda shared: shared.waiting)
            self._probation[state.key] = lane
        return lane

    def _retire_unused(self) -> None:
        """End the processes of probation lanes that no codec on probation uses any more."""
        if not self._probation:
            return
        on_probation = {state.key for state in self._states.values() if state.standing == "probation"}
        for key in self._probation.keys() - on_probation:
            lane = self._probation[key]
            if lane.waiting:
                continue  # its last jobs come first; the next change looks again
            del self._probation[key]
            if lane not in self._probation.values():
                task = asyncio.get_running_loop().create_task(lane.close(), name=f"codec worker {lane.name} retires")
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)

    # --- files -------------------------------------------------------------------------------------------------------

    async def _keep_watching(self) -> None:
        lost = False
        while True:
            await asyncio.sleep(self._rescan_s)
            try:
                await self.refresh()
            except (OSError, CodecWorkerError) as error:
                if not lost:
                    self._observe("", "folder_lost", str(error))
                lost = True
            else:
                if lost:
                    self._observe("", "folder_back", "")
                lost = False

    async def _tried(self, codec: str, file: CodecFile | CodecFailure) -> tuple[str, CodecFile | CodecFailure]:
        """The file if it can be loaded, or why not."""
        if isinstance(file, CodecFailure):
            return codec, file
        future: asyncio.Future[CodecResult] = asyncio.get_running_loop().create_future()
        state = self._new_state(file)
        now_ms = self._clock_ms()
        job = self._job(state, "load", "", now_ms, future)
        self._trial.submit(job)
        return codec, (await future).failure or file

    def _new_state(self, file: CodecFile) -> CodecState:
        self._next_key += 1
        return CodecState(file, self._next_key)

    def _take(self, found: dict[str, CodecFile | CodecFailure]) -> None:
        """Let what was found be what runs: new versions start afresh, refused files leave the old version running."""
        for codec in (self._states.keys() | self._refused.keys()) - found.keys():
            self._drop(codec)
            self._observe(codec, "removed", "")
        for codec, file in found.items():
            if isinstance(file, CodecFailure):
                self._refuse(codec, file)
                continue
            self._refused.pop(codec, None)
            state = self._states.get(codec)
            if state is None or state.file.version != file.version:
                self._drop(codec)
                self._states[codec] = self._new_state(file)
                self._observe(codec, "loaded", file.version)

    def _refuse(self, codec: str, failure: CodecFailure) -> None:
        state, file = self._states.get(codec), self._found.get(codec)
        never_good = state is not None and isinstance(file, CodecFile) and state.file.version == file.version
        if never_good and failure.reason not in LIMIT_REASONS:
            self._drop(codec)
        if self._refused.get(codec) != failure:
            self._refused[codec] = failure
            self._observe(codec, "refused", str(failure))

    def _drop(self, codec: str) -> None:
        self._refused.pop(codec, None)
        state = self._states.pop(codec, None)
        if state is not None:
            for lane in self._lanes():
                lane.forget(state)
            self._retire_unused()

    def _status(self, codec: str) -> CodecStatus:
        state = self._states.get(codec)
        refused = self._refused.get(codec)
        if state is None:
            return CodecStatus(codec, "", "refused", refused=refused)
        return CodecStatus(codec, state.file.version, state.standing, state.hits, state.quarantine, refused)
