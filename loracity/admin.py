"""What commands do to the data of a service: one set of operations, run in the service through its local socket, or by
the command itself when no service holds the data folder."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from msgspec import structs, to_builtins

from gateway_bridge.uplink import Message
from loracity import questions
from loracity.lock import DataFolderMissing
from loracity.parts import kind_of, known_decoder
from pipeline.adopt import adoption_changes, plan_adoption, unmatched_profiles
from pipeline.effects import QuarantineEntry
from pipeline.inventory_files import InventoryFileError, export_csv, export_yaml, import_inventory
from pipeline.journal import JournalUnavailable
from pipeline.reading import DeleteUnsupported, StoreMisconfigured, StoreUnavailable
from pipeline.replay import FUTURE_MS, ReplayRefused
from pipeline.state import StateUnavailable

if TYPE_CHECKING:
    from loracity.service import Service

_MAX_REQUEST = 64 * 1024 * 1024
_PAGE = 1000


class AdminError(Exception):
    """An operation that can't be done as asked; the text is for the person who asked."""


class Admin:
    """The operations. Arguments and answers are plain JSON."""

    def __init__(self, service: "Service") -> None:
        self._service = service
        self._operations: dict[str, Callable[[dict[str, Any]], Awaitable[Any]]] = {
            "devices": self._devices,
            "import": self._import,
            "export": self._export,
            "adopt": self._adopt,
            "quarantine": self._quarantine,
            "show": self._show,
            "retry": self._retry,
            "replay": self._replay,
            "replay_diff": self._replay_diff,
            "events": partial(questions.events, service),
            "plan": partial(questions.plan, service),
            "report": partial(questions.report, service),
            "inject": self._inject,
        }

    async def do(self, operation: str, arguments: dict[str, Any]) -> Any:
        """Run one operation. AdminError."""
        run = self._operations.get(operation)
        if run is None:
            raise AdminError(
                f"this service knows no operation {operation!r}: do command and service differ in version?"
            )
        try:
            return await run(arguments)
        except (InventoryFileError, ReplayRefused, DeleteUnsupported, ValueError) as error:
            raise AdminError(str(error)) from error
        except (StoreUnavailable, StoreMisconfigured, StateUnavailable, JournalUnavailable) as error:
            raise AdminError(f"{error}; nothing is lost, do it again") from error

    async def _devices(self, _: dict[str, Any]) -> Any:
        inventory, latest = self._service.inventory, self._service.latest
        rows = []
        for device in inventory.devices.values():
            placement = inventory.resolve(device.dev_eui, self._service.now_ms())
            known = latest.get(device.dev_eui)
            rows.append(
                {
                    "dev_eui": device.dev_eui,
                    "name": device.name,
                    "decoder": device.decoder,
                    "asset": placement.asset.id if placement and placement.asset else None,
                    "last_seen_ms": known.last_seen_ms if known else None,
                }
            )
        return rows

    async def _import(self, arguments: dict[str, Any]) -> Any:
        plan = await self._service.consumer.in_state_thread(
            lambda: import_inventory(
                self._service.state,
                arguments["text"],
                arguments["format"],
                known_decoder=known_decoder,
                prune=arguments["prune"],
                dry_run=arguments["dry_run"],
            )
        )
        if not arguments["dry_run"]:
            await self._service.reload_inventory()
        return {
            "lines": [str(c) for c in plan.changes if c.action not in ("unchanged", "kept")],
            "counts": plan.counts(),
        }

    async def _export(self, arguments: dict[str, Any]) -> Any:
        write = export_csv if arguments["format"] == "csv" else export_yaml
        return write(self._service.inventory)

    async def _adopt(self, arguments: dict[str, Any]) -> Any:
        dev_eui = arguments.get("dev_eui")
        entries = [
            structs.replace(entry, payload=b"")
            async for page in self._pages("unknown_device", dev_eui)
            for entry in page
        ]
        rules = dict(arguments["rules"])
        for decoder in rules.values():
            if not known_decoder(decoder):
                raise AdminError(f"there is no decoder {decoder!r}; `loracity devices decoders` lists them")
        known = self._service.inventory.devices
        found = plan_adoption(entries, rules, kind_of=kind_of, known=known)
        answer = {
            "devices": [
                {"dev_eui": n.device.dev_eui, "name": n.device.name, "decoder": n.device.decoder, "heard": n.heard}
                for n in found
            ],
            "warnings": [f"{n.device.dev_eui}: {text}" for n in found for text in n.warnings],
            "unmatched": unmatched_profiles(entries, rules, kind_of=kind_of, known=known),
            "replayed": None,
        }
        if arguments["dry_run"] or not found:
            return answer
        changes = adoption_changes(found)
        await self._service.consumer.in_state_thread(lambda: self._service.state.provision(changes))
        await self._service.reload_inventory()
        adopted = {n.device.dev_eui for n in found}
        answer["replayed"] = await self._run_again("unknown_device", dev_eui, adopted)
        return answer

    async def _quarantine(self, arguments: dict[str, Any]) -> Any:
        state, run = self._service.state, self._service.consumer.in_state_thread
        entries = await run(
            lambda: state.quarantine(
                reason=arguments.get("reason"), dev_eui=arguments.get("dev_eui"), limit=arguments.get("limit", 50)
            )
        )
        return {"counts": await run(state.quarantine_counts), "entries": [_plain(entry) for entry in entries]}

    async def _show(self, arguments: dict[str, Any]) -> Any:
        seq, part = arguments["seq"], arguments["part"]
        state = self._service.state
        entry = await self._service.consumer.in_state_thread(lambda: state.quarantine_entry(seq, part))
        if entry is None:
            raise AdminError(f"there is no entry {seq}/{part} in quarantine")
        text = entry.payload.decode("utf-8", "replace") if entry.payload[:1] in (b"{", b"[") else None
        return {**_plain(entry), "payload_hex": entry.payload.hex(), "payload_text": text, "tags": entry.tags}

    async def _retry(self, arguments: dict[str, Any]) -> Any:
        return await self._run_again(arguments.get("reason"), arguments.get("dev_eui"), None)

    async def _run_again(self, reason: str | None, dev_eui: str | None, only: set[str] | None) -> dict[str, int]:
        """Decide again about quarantined messages, page by page; `only` of these devices."""
        totals = {"frames": 0, "stored": 0, "quarantined": 0}
        memory = self._service.replayer.recall()
        async for page in self._pages(reason, dev_eui):
            report = await self._service.replayer.retry(
                [e for e in page if only is None or (e.dev_eui or e.device_key) in only], memory
            )
            for name in totals:
                totals[name] += getattr(report, name)
        return totals

    async def _pages(self, reason: str | None, dev_eui: str | None) -> AsyncIterator[list[QuarantineEntry]]:
        after: tuple[int, int] | None = None
        while True:
            read = partial(self._service.state.quarantine, reason=reason, dev_eui=dev_eui, limit=_PAGE, after=after)
            page = await self._service.consumer.in_state_thread(read)
            if page:
                yield page
            if len(page) < _PAGE:
                return
            after = (page[-1].seq, page[-1].part)

    async def _replay(self, arguments: dict[str, Any]) -> Any:
        devices = arguments.get("devices")
        report = await self._service.replayer.resumable(
            self._service.replay_marker,
            arguments["from_ms"],
            arguments.get("to_ms") or self._service.now_ms() + FUTURE_MS,
            frozenset(devices) if devices else None,
        )
        return {name: getattr(report, name) for name in report.__struct_fields__}

    async def _inject(self, arguments: dict[str, Any]) -> Any:
        """Journal messages as if they had been received at their times; `waiting` while the journal takes none."""
        names = {connection.name for connection in self._service.settings.connections}
        messages = [
            Message(source, topic, payload.encode(), received_ms)
            for source, topic, payload, received_ms in arguments["messages"]
        ]
        strange = {message.source for message in messages} - names
        if strange:
            raise AdminError(f"the service has no connection {', '.join(sorted(strange))}")
        try:
            await self._service.intake.store(messages)
        except JournalUnavailable as error:
            return {"stored": 0, "waiting": str(error)}
        return {"stored": len(messages), "waiting": ""}

    async def _replay_diff(self, arguments: dict[str, Any]) -> Any:
        devices = arguments.get("devices")
        found = await self._service.replayer.difference(
            self._service.replay_marker,
            arguments["from_ms"],
            arguments.get("to_ms") or self._service.now_ms() + FUTURE_MS,
            frozenset(devices) if devices else None,
            arguments["limit"],
        )
        return to_builtins(found)


def _plain(entry: QuarantineEntry) -> dict[str, Any]:
    names = (
        "seq",
        "part",
        "received_ms",
        "source",
        "topic",
        "reason",
        "detail",
        "dev_eui",
        "f_port",
        "profile",
        "device_name",
    )
    return {name: getattr(entry, name) for name in names}


def socket_address(path: Path) -> str:
    """The address for `bind` and `connect`: relative where the absolute path is longer than sockets allow."""
    full, relative = str(path.absolute()), os.path.relpath(path)
    return full if len(full.encode()) < 100 or len(relative) >= len(full) else relative


class AdminSocket:
    """Serves `Admin` on a Unix socket that only the service's user may open: one JSON line in, one out."""

    def __init__(self, path: Path, admin: Admin) -> None:
        self._path = path
        self._admin = admin
        self._server: asyncio.Server | None = None
        self._working: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "AdminSocket":
        self._path.unlink(missing_ok=True)  # of a service that was killed: we hold the lock
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, socket_address(self._path), limit=_MAX_REQUEST)
        finally:
            os.umask(before)
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._working:
            task.cancel()  # a replay is repeated at the next start, what was not retried is still in quarantine
        await asyncio.gather(*self._working, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._answer(reader, writer), name="admin")
        self._working.add(task)
        try:
            await asyncio.wait({task})
        finally:
            self._working.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await reader.readline())
            answer = {"answer": await self._admin.do(request["operation"], request["arguments"])}
        except AdminError as error:
            answer = {"error": str(error)}
        except (ValueError, KeyError, TypeError) as error:
            answer = {"error": f"not a request: {error!r}"}
        writer.write(json.dumps(answer).encode() + b"\n")
        try:
            await writer.drain()
        except ConnectionError:
            return  # the command was interrupted; the operation is done all the same


def ask(path: Path, operation: str, arguments: dict[str, Any]) -> Any:
    """Ask the running service. AdminError; DataFolderMissing when nobody listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(socket_address(path))
        except OSError as error:
            raise DataFolderMissing(
                f"the service holds {path.parent} but does not answer on {path}: {error}"
            ) from error
        with connection.makefile("rwb") as stream:
            stream.write(json.dumps({"operation": operation, "arguments": arguments}).encode() + b"\n")
            stream.flush()
            line = stream.readline()
    if not line:
        raise AdminError("the service ended before it answered")
    answer = json.loads(line)
    if "error" in answer:
        raise AdminError(answer["error"])
    return answer["answer"]
