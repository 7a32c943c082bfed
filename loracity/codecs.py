"""The codecs folder at work: frames of devices with a `js:` decoder go to worker processes and come back as values."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from api.ports import Check
from decoders.codec_values import values_of
from decoders.javascript.request import CodecCall
from decoders.javascript.result import CodecResult
from decoders.javascript.runner import CodecRunner
from decoders.javascript.workers import CodecWorkerError
from decoders.object_rules import ObjectContext, ObjectRules
from decoders.value import DecodeError
from pipeline.inventory import CODEC_PREFIX
from pipeline.process import Answer, Frame

log = logging.getLogger(__name__)

_RETRY_S = (0.25, 15.0)
_LOUD = frozenset({"refused", "limit", "quarantined", "folder_lost"})


class Codecs:
    """The codecs of one folder. `open` before the first frame, `close` after the last."""

    def __init__(self, folder: Path, rules: ObjectRules, now_ms: Callable[[], int]) -> None:
        """`rules` map what codecs give to quantities; `now_ms` is the clock, Unix ms."""
        self.folder = folder
        self._rules = rules
        self._runner = CodecRunner(folder, now_ms, observe=_note)
        self._trouble = ""

    async def open(self) -> None:
        """Read the folder, which is made where it is missing. OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        await self._runner.__aenter__()

    async def close(self) -> None:
        """End the worker processes."""
        await self._runner.close()

    async def ask(self, frames: Sequence[Frame]) -> list[Answer]:
        """The values, or a DecodeError, of each frame. Where no worker process can be started, waits until one can:
        the frames are safe in the journal."""
        calls = [_call(frame) for frame in frames]
        pause = _RETRY_S[0]
        while True:
            try:
                results = await self._runner.run(calls)
            except CodecWorkerError as error:
                if not self._trouble:
                    log.error("codecs can't run, readings wait in the journal", extra={"error": str(error)})
                self._trouble = str(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _RETRY_S[1])
                continue
            self._trouble = ""
            return [self._answer(frame, result) for frame, result in zip(frames, results, strict=True)]

    def _answer(self, frame: Frame, result: CodecResult) -> Answer:
        event, device = frame.event, frame.placement.device
        for line in result.logs:
            log.debug("codec console", extra={"device": event.device_key, "line": line})
        label = f"{frame.placement.decoder}@{result.version}"
        context = ObjectContext(event.hints.profile, event.hints.application, device.mapping or frame.placement.decoder)
        try:
            return Answer(values_of(result, self._rules, context, event.received_ms), label)
        except DecodeError as error:
            return Answer(error, label)

    def check(self) -> Check:
        """A verdict on the folder for `/health/ready`."""
        if self._trouble:
            return Check("codecs", "failing", self._trouble)
        status = self._runner.status()
        bad = [f"{one.id}: {one.quarantine or one.refused}" for one in status if one.quarantine or one.refused]
        return Check("codecs", "warning" if bad else "ok", "; ".join(bad) or f"{len(status)} in {self.folder}")


async def refused_codecs(folder: Path, now_ms: Callable[[], int]) -> dict[str, str]:
    """Why codecs of a folder can't be loaded, by name; all of them are tried. OSError, CodecWorkerError."""
    async with CodecRunner(folder, now_ms) as runner:
        return {codec: str(failure) for codec, failure in (await runner.check()).items()}


def _call(frame: Frame) -> CodecCall:
    event = frame.event
    attributes = {name: str(value) for name, value in frame.placement.device.attributes.items()}
    return CodecCall(
        frame.placement.decoder.removeprefix(CODEC_PREFIX),
        "normalizeUplink",
        event.received_ms,
        payload=event.payload,
        f_port=event.f_port,
        variables={**event.hints.tags, **attributes},
    )


def _note(codec: str, event: str, detail: str) -> None:
    """What the runner tells of a codec, in the log."""
    level = logging.WARNING if event in _LOUD else logging.INFO
    log.log(level, "codec %s", event, extra={"codec": codec, "detail": detail})
