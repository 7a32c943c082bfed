"""The world: one event loop in order of time over all devices and assets of a plan.

A device reports at its own interval and phase, one that watches for events at once. For each transmission the asset's
process is asked, faults and noise are laid on, the payload is encoded by the device's codec, the air decides who hears
it, and the network server's words are put around it. Pure: the same plan, processes, faults and start, the same bytes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from heapq import heappop, heappush

from simulators.device_faults import DAY_MS, HOUR_MS, Fault
from simulators.envelope import join, status
from simulators.fleet import Sensor
from simulators.node import Encoder, Node, Values
from simulators.plan import Plan
from simulators.process import Process
from simulators.radio import Air
from simulators.seen import Reason
from simulators.spot import Sent, Spot, Tally
from simulators.truth import TruthRow
from simulators.wire import Frame, Hearing, Message

_STORM_MS = 10_000
_REBOOT_MS = 40 * 60_000
_LATE_COPY = 0.003
"""Share of frames of which a second gateway's copy comes too late to be recognised as one."""
_SERVER_MS = 300
"""At least so long after the frame its message is with the broker."""


__all__ = ["Sent", "Tally", "World"]


class World:
    """A plan that lives from `start_ms` on. `processes` by asset; assets without one are silent."""

    def __init__(
        self, plan: Plan, processes: Mapping[str, Process], start_ms: int, faults: Iterable[Fault] = ()
    ) -> None:
        self.plan = plan
        self.now_ms = start_ms
        self.tally = Tally()
        self.air = Air(plan.gateways, plan.seed)
        self.active: dict[tuple[str, str], Fault] = {}
        """Faults that are on, by kind and target."""
        self._encoder = Encoder()
        self._lasting: dict[tuple[str, str], list[TruthRow]] = {}
        self._swaps: dict[str, tuple[Node, Node]] = {}
        self._truth: list[TruthRow] = []
        self._order = 0
        self._heap: list[tuple[int, int, str, Node | Spot | Fault]] = []
        self._out: list[tuple[int, int, Sent]] = []
        self._spots = {asset: Spot(asset, process, [], start_ms) for asset, process in processes.items()}
        self._nodes: dict[str, Node] = {}
        self._network = {gateway.id for gateway in plan.gateways} | {sensor.lns for sensor in plan.sensors}
        for number, sensor in enumerate(plan.sensors):
            if sensor.asset in self._spots:
                self._add(sensor, number, start_ms)
        for spot in self._spots.values():
            self._await_change(spot)
        for fault in faults:
            self._push(max(fault.start_ms, start_ms), "begin", fault)

    def _add(self, sensor: Sensor, number: int, start_ms: int) -> None:
        depths = self.plan.depths_cm.get(sensor.dev_eui, ())
        node = Node(sensor, number, self.plan.seed, self.air.link(sensor), start_ms, depths, self._encoder)
        spot = self._spots[sensor.asset]
        node.state = node.watched(spot.process.measured())
        spot.nodes.append(node)
        self._nodes[sensor.dev_eui] = node
        self._push(node.first_ms, "report", node)

    def run(self, until_ms: int) -> Iterator[Sent]:
        """All messages due before `until_ms`, in order of time; the next call goes on there."""
        heap, out = self._heap, self._out
        while heap and heap[0][0] < until_ms:
            now, _, action, target = heappop(heap)
            while out and out[0][0] <= now:
                yield heappop(out)[2]
            self.now_ms = now
            self._act(action, target, now)
        while out and out[0][0] < until_ms:
            yield heappop(out)[2]
        self.now_ms = max(self.now_ms, until_ms)

    def take_truth(self) -> list[TruthRow]:
        """What happened since the last call; processes are brought to the present first."""
        rows, self._truth = self._truth, []
        for spot in self._spots.values():
            spot.advance(self.now_ms)
            rows += spot.process.take_truth()
        return sorted(rows, key=lambda row: (row.start_ms, row.asset, row.kind))

    def finish(self) -> list[TruthRow]:
        """What still lasts when the city stops, with an open end; asked once, after the last `take_truth`."""
        rows = [row for spot in self._spots.values() for row in spot.process.finish()]
        rows += [row for lasting in self._lasting.values() for row in lasting]
        return sorted(rows, key=lambda row: (row.start_ms, row.asset, row.kind))

    def _push(self, at_ms: int, action: str, target: Node | Spot | Fault) -> None:
        self._order += 1
        heappush(self._heap, (at_ms, self._order, action, target))

    def _act(self, action: str, target: Node | Spot | Fault, now: int) -> None:
        if isinstance(target, Node):
            self._report(target, now, action)
        elif isinstance(target, Spot):
            self._change(target, now)
        elif action == "begin":
            self._begin(target, now)
        else:
            self._end(target, now)

    # -- devices and assets ---------------------------------------------------------------------------------------

    def _report(self, node: Node, now: int, action: str) -> None:
        """A periodic report, or one that a fault brings about."""
        spot = self._spots[node.asset]
        spot.advance(now)
        if action == "report":
            self._push(now + node.period_ms, "report", node)
            self._send(node, spot, now, node.usual)
        elif action == "storm" and node.has("message_storm"):
            self._push(now + _STORM_MS, "storm", node)
            self._send(node, spot, now, node.usual)
        elif action == "reboot" and node.has("rebooting"):
            self._push(now + _REBOOT_MS, "reboot", node)
            self._restart(node, now)
        if node.model.at_once:
            self._await_change(spot)

    def _change(self, spot: Spot, now: int) -> None:
        """Something happened to the asset: devices that watch for it say so at once."""
        if spot.change_ms != now:
            return  # the process has changed its mind since
        spot.advance(now)
        measured = spot.process.measured()
        for node in spot.nodes:
            if node.model.at_once and not node.has("stuck") and node.watched(measured) != node.state:
                self._send(node, spot, now, "alarm" if node.model.kind == "waste_bin" else "change")
        spot.change_ms = None
        self._await_change(spot)

    def _await_change(self, spot: Spot) -> None:
        if not any(node.model.at_once for node in spot.nodes):
            return
        due = spot.process.next_change_ms()
        if due is None or due == spot.change_ms:
            return
        if due <= spot.at_ms:
            raise ValueError(f"the process of {spot.asset} says that it changes in the past")
        spot.change_ms = due
        self._push(due, "change", spot)

    def _restart(self, node: Node, now: int) -> None:
        """The device starts anew: a join, and its first frame."""
        node.f_cnt = 0
        self._tell(now + 100, join(node.sensor, now, node.chance), node.sensor, "join")
        reason: Reason = "startup" if node.model.kind == "parking_bay" else node.usual
        self._send(node, self._spots[node.asset], now, reason)

    # -- frames ---------------------------------------------------------------------------------------------------

    def _send(self, node: Node, spot: Spot, now: int, reason: Reason) -> None:
        measured = spot.process.measured()
        said = node.say(measured, now, reason)
        if said is None:
            return
        f_cnt, f_port, payload, values = said
        heard, outage = node.link.through(node.link.hear(node.chance))
        server = self.air.down.get(node.sensor.lns)
        if not heard or server is not None:
            self.tally.lost += 1
            return
        late_ms = 0
        if outage is not None:
            late_ms = outage.end_ms - now + node.chance.randrange(5_000, 120_000)
            self.tally.late += 1
        frame = Frame(now, f_cnt, f_port, payload, node.link.spreading_factor, late_ms)
        self._publish(node, frame, heard, values)
        if now >= node.status_due_ms:
            node.status_due_ms = now + DAY_MS
            told = status(node.sensor, now, node.battery_percent(now), node.chance)
            if told is not None:
                self._tell(now + late_ms + _SERVER_MS + 5, told, node.sensor, "status")

    def _publish(self, node: Node, frame: Frame, heard: tuple[Hearing, ...], values: Values) -> None:
        self.tally.uplinks += 1
        due = frame.time_ms + frame.late_ms + _SERVER_MS + node.chance.getrandbits(7)
        copy = len(heard) > 1 and node.chance.random() < _LATE_COPY
        message = node.wire.up(frame, heard[:1] if copy else heard, node.chance)
        self._queue(Sent(due, message, node.sensor, "up", frame, values))
        if copy:
            self.tally.doubled += 1
            again = node.wire.up(frame, heard[1:], node.chance)
            self._queue(Sent(due + node.chance.randrange(300, 2_500), again, node.sensor, "up", frame, values))

    def _tell(self, due_ms: int, message: Message, sensor: Sensor, event: str) -> None:
        if sensor.lns not in self.air.down:
            self.tally.other += 1
            self._queue(Sent(due_ms, message, sensor, event))

    def _queue(self, sent: Sent) -> None:
        self._order += 1
        heappush(self._out, (sent.due_ms, self._order, sent))

    # -- faults ---------------------------------------------------------------------------------------------------

    def _begin(self, fault: Fault, now: int) -> None:
        node = self._nodes.get(fault.target)
        key = (fault.kind, fault.target)
        if key in self.active:
            return  # the same again while it lasts
        if node is not None:
            rows = self._begin_device(node, fault, now)
        elif fault.target in self._network:
            rows = self._begin_network(fault)
        else:
            return  # its device was replaced, or stands where nothing is simulated
        if rows and fault.end_ms > fault.start_ms:
            self.active[key] = fault
            self._lasting[key] = rows
            self._push(fault.end_ms, "end", fault)
        else:
            self._truth += [replace(row, end_ms=row.start_ms) for row in rows]

    def _begin_network(self, fault: Fault) -> list[TruthRow]:
        if fault.kind == "clock_wrong":
            self.air.clocks_ahead_ms[fault.target] = int(fault.values["ahead_s"]) * 1000
        else:
            self.air.down[fault.target] = fault
        return [fault.row(fault.target)]

    def _begin_device(self, node: Node, fault: Fault, now: int) -> list[TruthRow]:
        row = fault.row(node.asset, node.sensor.dev_eui)
        if fault.kind == "swapped":
            return self._swap(node, fault)
        if fault.kind == "replaced":
            if now != fault.start_ms:
                return []  # it was replaced before the city started
            self._replace(node, now)
            return [replace(row, values={"new_device": node.sensor.dev_eui})]
        if fault.kind == "f_cnt_reset":
            node.f_cnt = 0
        else:
            spot = self._spots[node.asset]
            spot.advance(now)
            node.begin(fault, spot.process.measured())
        if fault.kind in ("message_storm", "rebooting"):
            self._push(now + 1_000, "storm" if fault.kind == "message_storm" else "reboot", node)
        return [row]

    def _end(self, fault: Fault, now: int) -> None:
        key = (fault.kind, fault.target)
        if self.active.get(key) is not fault:
            return  # it went with its device
        del self.active[key]
        self._truth += [replace(row, end_ms=now) for row in self._lasting.pop(key)]
        node = self._nodes.get(fault.target)
        if fault.kind == "swapped":
            self._exchange(*self._swaps.pop(fault.target))
        elif node is not None:
            node.end(fault)
        elif fault.kind == "clock_wrong":
            self.air.clocks_ahead_ms.pop(fault.target, None)
        else:
            self.air.down.pop(fault.target, None)

    def _swap(self, node: Node, fault: Fault) -> list[TruthRow]:
        """Exchange two devices' places; the inventory knows nothing of it. Not if one of them is exchanged already."""
        other = self._nodes.get(str(fault.values["with"]))
        if other is None or any(one in pair for one in (node, other) for pair in self._swaps.values()):
            return []
        rows = [
            TruthRow(one.asset, "swapped", fault.start_ms, None, {"with": two.asset}, one.sensor.dev_eui)
            for one, two in ((node, other), (other, node))
        ]
        self._swaps[fault.target] = (node, other)
        self._exchange(node, other)
        return rows

    def _exchange(self, node: Node, other: Node) -> None:
        for one, place in ((node, other.asset), (other, node.asset)):
            self._spots[one.asset].nodes.remove(one)
            self._spots[place].nodes.append(one)
        node.asset, other.asset = other.asset, node.asset
        node.depths_cm, other.depths_cm = other.depths_cm, node.depths_cm
        for one in (node, other):
            self._await_change(self._spots[one.asset])

    def _replace(self, node: Node, now: int) -> None:
        """A new device of the same model on the same place; it joins, and a parking sensor learns its bay.

        What was wrong with the old one is over with it; two that were exchanged stay where they are.
        """
        for kind, target in [key for key in self.active if key[1] == node.sensor.dev_eui and key[0] != "swapped"]:
            self._end(self.active[kind, target], now)
        del self._nodes[node.sensor.dev_eui]
        node.renew(now)
        self._nodes[node.sensor.dev_eui] = node
        self._restart(node, now)
        if node.model.kind == "parking_bay":
            self._push(now + 1, "begin", Fault("learning", node.sensor.dev_eui, now + 1, now + 12 * HOUR_MS))
