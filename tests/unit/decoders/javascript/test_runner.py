"""Codecs in worker processes: order, standing, quarantine, reload, and what is left behind (nothing)."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
import uvloop

from decoders.javascript.request import CodecCall
from decoders.javascript.result import CodecResult
from decoders.javascript.runner import EVENTS, CodecRunner
from decoders.javascript.states import MAX_HITS, TRIAL_CALLS
from decoders.javascript.workers import CodecWorkerError, Patience

GOOD = "function decodeUplink(i) { return { data: { first: i.bytes[0] } } }"
LOOPS = "function decodeUplink(i) { if (i.bytes[0] === 1) for (;;); return { data: { first: i.bytes[0] } } }"
# One built-in that the engine can't interrupt, for seconds.
HANGS = """function decodeUplink(i) {
    if (i.bytes[0] === 1) for (var k = 0; k < 100; k++) Uint8Array.from({ length: 4000000 });
    return { data: { first: i.bytes[0] } } }"""
NOW_MS = 1_700_000_000_000


class Events(list[tuple[str, str, str]]):
    """What the runner told."""

    def __call__(self, codec: str, event: str, detail: str) -> None:
        assert event in EVENTS
        self.append((codec, event, detail))

    def of(self, codec: str) -> list[str]:
        """The events of one codec."""
        return [event for name, event, _ in self if name == codec]


def call(codec: str, first: int = 0) -> CodecCall:
    return CodecCall(codec, "decodeUplink", NOW_MS, bytes([first]), f_port=1)


def reason(result: CodecResult) -> str | None:
    return None if result.failure is None else result.failure.reason


@asynccontextmanager
async def running(folder: Path, events: Events | None = None, **sources: str) -> AsyncIterator[CodecRunner]:
    for name, source in sources.items():
        (folder / f"{name}.js").write_text(source)
    runner = CodecRunner(folder, lambda: NOW_MS, rescan_s=3600, observe=Events() if events is None else events)
    async with runner:
        yield runner


async def test_results_come_in_the_order_of_the_calls(tmp_path: Path) -> None:
    """Many calls at once, of codecs in different processes."""
    async with running(tmp_path, a=GOOD, b=GOOD) as runner:
        calls = [call("ab"[n % 2], n % 200) for n in range(1000)]
        results = await runner.run(calls)
        assert [result.data for result in results] == [{"first": n % 200} for n in range(1000)]
        assert {result.version for result in results} == {runner.version("a")}
        assert await runner.run([]) == []


async def test_a_proven_codec_joins_the_steady_process(tmp_path: Path) -> None:
    """A new one runs on trial first."""
    events = Events()
    async with running(tmp_path, events, a=GOOD) as runner:
        await runner.run([call("a")])
        assert runner.pids().keys() == {"trial"} and runner.status()[0].standing == "trial"
        await runner.run([call("a")] * TRIAL_CALLS)
        assert (await runner.run([call("a", 5)]))[0].data == {"first": 5}
        assert runner.pids().keys() == {"trial", "steady"} and runner.status()[0].standing == "steady"
        assert events.of("a") == ["loaded", "steady"]


async def test_limit_hits_lead_to_probation_and_quarantine(tmp_path: Path) -> None:
    """The third hit is the last one; the others keep their process and never see it."""
    events = Events()
    async with running(tmp_path, events, good=GOOD, loops=LOOPS) as runner:
        await runner.run([call("good")] * (TRIAL_CALLS + 1) + [call("loops")] * TRIAL_CALLS)
        await runner.run([call("good")])
        before = runner.pids()["steady"]
        for hit in range(MAX_HITS):
            bad, after, good = await runner.run([call("loops", 1), call("loops", 7), call("good", 9)])
            assert reason(bad) == "js_timeout" and good.data == {"first": 9}
            if hit < MAX_HITS - 1:
                assert after.data == {"first": 7} and "probation loops" in runner.pids()
        assert reason(after) == "js_quarantined", "what was on its way is not run either"
        (refused,) = await runner.run([call("loops", 0)])
        assert reason(refused) == "js_quarantined" and "js_timeout" in refused.errors[0]
        status = {codec.id: codec for codec in runner.status()}["loops"]
        assert status.standing == "quarantined" and status.quarantine is not None
        assert (status.quarantine.reason, status.quarantine.since_ms, status.quarantine.hits) == (
            "js_timeout",
            NOW_MS,
            3,
        )
        assert runner.pids()["steady"] == before and "probation loops" not in runner.pids()
        assert events.of("loops")[-2:] == ["limit", "quarantined"]


async def test_a_changed_file_lifts_the_quarantine(tmp_path: Path) -> None:
    """And only that; the version tells the two apart."""
    async with running(tmp_path, loops=LOOPS) as runner:
        old = runner.version("loops")
        await runner.run([call("loops", 1)] * MAX_HITS)
        await runner.refresh()
        assert [reason(result) for result in await runner.run([call("loops")])] == ["js_quarantined"]
        (tmp_path / "loops.js").write_text(GOOD)
        await runner.refresh()
        (result,) = await runner.run([call("loops", 1)])
        assert result.data == {"first": 1} and result.version == runner.version("loops") != old


async def test_a_bad_file_is_refused_and_the_old_version_goes_on(tmp_path: Path) -> None:
    """With line and column, once; a good file is taken again."""
    events = Events()
    async with running(tmp_path, events, a=GOOD) as runner:
        old = runner.version("a")
        (tmp_path / "a.js").write_text("function decodeUplink(i) {\n  return oops(;\n}")
        (tmp_path / "new.js").write_text("var nothing = 1")
        for _ in range(2):
            await runner.refresh()
        (result,) = await runner.run([call("a", 3)])
        assert result.data == {"first": 3} and result.version == old
        status = {codec.id: codec for codec in runner.status()}
        refused = status["a"].refused
        assert refused is not None and refused.reason == "js_load_error" and (refused.line, refused.column) == (2, 15)
        assert status["new"].standing == "refused"
        assert [reason(result) for result in await runner.run([call("new")])] == ["js_no_function"]
        assert events.of("a") == ["loaded", "refused"]
        (tmp_path / "a.js").write_text("function decodeUplink() { return { data: { fixed: 1 } } }")
        await runner.refresh()
        (result,) = await runner.run([call("a")])
        assert result.data == {"fixed": 1} and {codec.id: codec for codec in runner.status()}["a"].refused is None


async def test_files_are_watched(tmp_path: Path) -> None:
    """Without being asked; new ones appear, removed ones are unknown."""
    (tmp_path / "a.js").write_text(GOOD)
    seen = asyncio.Event()

    def observe(codec: str, event: str, detail: str) -> None:
        if (codec, event) in (("b", "loaded"), ("a", "removed")):
            seen.set()

    async with CodecRunner(tmp_path, lambda: NOW_MS, rescan_s=0.01, observe=observe) as runner:
        (tmp_path / "b.js").write_text(GOOD)
        await asyncio.wait_for(seen.wait(), 30)
        assert (await runner.run([call("b", 4)]))[0].data == {"first": 4}
        seen.clear()
        (tmp_path / "a.js").unlink()
        await asyncio.wait_for(seen.wait(), 30)
        assert reason((await runner.run([call("a")]))[0]) == "js_unknown_codec"


async def test_files_that_are_bad_from_the_start_are_refused(tmp_path: Path) -> None:
    """The first look at the folder tries them all, also those that nobody calls."""
    events = Events()
    async with running(tmp_path, events, good=GOOD, bad="var a;\nvar b = ;") as runner:
        (lazy,) = await runner.run([call("bad")])
        await runner.refresh()
        (known,) = await runner.run([call("bad")])
        assert lazy.failure == known.failure and reason(lazy) == "js_load_error"
        assert [codec.standing for codec in runner.status()] == ["refused", "trial"]
        assert events.of("bad") == ["loaded", "refused"] and events.of("good") == ["loaded"]


async def test_check_names_every_bad_file(tmp_path: Path) -> None:
    """For `loracity check`, before anything runs."""
    async with running(tmp_path, good=GOOD, bad="var a;\nvar b = ;", empty="") as runner:
        bad = await runner.check()
        assert bad.keys() == {"bad", "empty"} and bad["bad"].line == 2
        assert runner.status()[1].standing == "trial" and runner.version("bad") is not None


async def test_a_hang_costs_its_process_only(tmp_path: Path) -> None:
    """The process is killed; the calls behind are run by the next one; the hanging call is tried once more, alone."""
    patience = Patience(call_s=0.3, first_s=0.6)
    for name, source in (("good", GOOD), ("hangs", HANGS)):
        (tmp_path / f"{name}.js").write_text(source)
    async with CodecRunner(tmp_path, lambda: NOW_MS, patience=patience, rescan_s=3600) as runner:
        await runner.run([call("good"), call("hangs")])
        before = runner.pids()["trial"]
        results = await runner.run([call("good", 1), call("hangs", 1), call("good", 2), call("hangs", 3)])
        assert [result.data for result in results] == [{"first": 1}, None, {"first": 2}, {"first": 3}]
        assert reason(results[1]) == "js_stalled"
        assert runner.pids().get("trial") != before
        assert not psutil.pid_exists(before)


async def test_a_process_that_dies_costs_nothing(tmp_path: Path) -> None:
    """Whoever killed it: the call is run again."""
    async with running(tmp_path, a=GOOD) as runner:
        await runner.run([call("a")])
        pid = runner.pids()["trial"]
        os.kill(pid, signal.SIGSTOP)
        work = asyncio.create_task(runner.run([call("a", n) for n in range(5)]))
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        assert [result.data for result in await work] == [{"first": n} for n in range(5)]


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP") or os.uname().sysname != "Linux", reason="needs Linux' CPU clocks")
async def test_a_process_that_the_machine_does_not_let_run_is_not_blamed(tmp_path: Path) -> None:
    """A stopped process uses no CPU: more time instead of a kill."""
    events = Events()
    async with running(tmp_path, events, a=GOOD) as runner:
        await runner.run([call("a")])
        pid = runner.pids()["trial"]
        os.kill(pid, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(0.6, os.kill, pid, signal.SIGCONT)
        assert (await runner.run([call("a", 5)]))[0].data == {"first": 5}
        assert runner.pids()["trial"] == pid and events.of("a") == ["loaded"]


async def test_closing_leaves_no_process_and_no_waiting_call(tmp_path: Path) -> None:
    """Calls without an answer are told; later ones too."""
    others = {child.pid for child in psutil.Process().children()}  # brokers and stores of other tests
    async with running(tmp_path, a=GOOD, loops=LOOPS) as runner:
        await runner.run([call("a"), call("loops", 1)])
        started = {child.pid for child in psutil.Process().children()} - others
        assert started >= set(runner.pids().values()) and len(runner.pids()) >= 1
        work = asyncio.create_task(runner.run([call("loops", 1), call("a")]))
        await asyncio.sleep(0)
    with pytest.raises(CodecWorkerError):
        await work
    with pytest.raises(CodecWorkerError):
        await runner.run([call("a")])
    assert not started & {child.pid for child in psutil.Process().children()}


async def test_the_worker_has_no_environment_and_hard_limits(tmp_path: Path) -> None:
    """Nothing of the service's secrets, no core dumps, few files, bounded memory."""
    async with running(tmp_path, a=GOOD) as runner:
        await runner.run([call("a")])
        process = psutil.Process(runner.pids()["trial"])
        assert process.environ().keys() <= {"TZ", "LC_CTYPE", "__CF_USER_TEXT_ENCODING"}
        assert process.cwd() == "/"
        if hasattr(process, "rlimit"):
            assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)
            assert process.rlimit(psutil.RLIMIT_NOFILE)[1] <= 16
            assert process.rlimit(psutil.RLIMIT_AS)[1] <= 1 << 30


async def test_memory_stays_flat(tmp_path: Path) -> None:
    """Thousands of calls leave neither the parent nor the process larger."""
    async with running(tmp_path, a=GOOD) as runner:
        await runner.run([call("a")] * 2000)
        processes = [psutil.Process(pid) for pid in runner.pids().values()]
        before = sum(process.memory_info().rss for process in processes)
        for _ in range(4):
            await runner.run([call("a")] * 2000)
        assert sum(process.memory_info().rss for process in processes) < before + 8 * 1024 * 1024


def test_it_runs_on_uvloop(tmp_path: Path) -> None:
    """The service's own event loop."""

    async def once() -> list[CodecResult]:
        async with running(tmp_path, a=GOOD, loops=LOOPS) as runner:
            results = await runner.run([call("a", 1), call("loops", 1), call("loops", 2), call("a", 3)])
            os.kill(runner.pids()["trial"], signal.SIGKILL)
            return [*results, *await runner.run([call("a", 4)])]

    results = uvloop.run(once())
    assert [result.data for result in results] == [{"first": n} if n else None for n in (1, 0, 2, 3, 4)]


PARENT = """
import asyncio, sys
from pathlib import Path
from decoders.javascript.request import CodecCall
from decoders.javascript.runner import CodecRunner

async def main():
    async with CodecRunner(Path(sys.argv[1]), lambda: 0) as runner:
        await runner.run([CodecCall("a", "decodeUplink", 0, bytes(1))])
        print(runner.pids()["trial"], flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_killed_service_leaves_no_worker_behind(tmp_path: Path) -> None:
    """The worker ends with the pipe from its parent."""
    (tmp_path / "a.js").write_text(GOOD)
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    psutil.wait_procs([worker], timeout=30)
    assert not worker.is_running()


async def test_a_worker_that_can_not_start_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls are told, and may be sent again when it can."""
    async with running(tmp_path, a=GOOD) as runner:
        with monkeypatch.context() as broken:
            broken.setattr(sys, "executable", str(tmp_path / "no-python"))
            with pytest.raises(CodecWorkerError):
                await runner.run([call("a")])
        assert (await runner.run([call("a", 5)]))[0].data == {"first": 5}
