"""One simulated city on trial: its messages for those who listen, and its truth once they have finished."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from simulators.device_faults import DAY_MS, Fault, draw_faults
from simulators.life import lives
from simulators.node import successor
from simulators.plan import Plan
from simulators.plan_inventory import Replacement, plan_inventory
from simulators.process import Process
from simulators.scenarios import ORDINARY, Scenario
from simulators.truth import TruthRow
from simulators.world import World


class TruthSealedError(Exception):
    """Somebody asked for the truth while others still listen."""


class Trial:
    """A plan that lives from `start_ms` for `days`. The truth stays sealed until every message was taken and `close`
    was called."""

    def __init__(
        self,
        plan: Plan,
        start_ms: int,
        days: int,
        scenario: Scenario = ORDINARY,
        more_faults: Iterable[Fault] = (),
        processes: Mapping[str, Process] | None = None,
        hourly: bool = True,
    ) -> None:
        """`more_faults` come beside those that the scenario draws; `processes` instead of the plan's own."""
        self.plan, self.start_ms, self.end_ms = plan, start_ms, start_ms + days * DAY_MS
        rates = dict(scenario.rates)
        drawn = draw_faults(plan, start_ms, self.end_ms, rates.pop("all", 1.0), rates)
        self.faults = sorted((*drawn, *more_faults), key=lambda f: (f.start_ms, f.kind, f.target))
        self.processes = processes or lives(plan, start_ms, self.end_ms, scenario, hourly)
        self._world = World(plan, self.processes, start_ms, self.faults)
        self._closed = False
        self._truth: list[TruthRow] | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The inventory as the city's offices keep it: a replaced device was entered when it was mounted; of swapped
        ones nobody knows."""
        sensors = {sensor.dev_eui: sensor for sensor in self.plan.sensors}
        first: dict[str, Replacement] = {}
        for fault in self.faults:
            if fault.kind == "replaced" and fault.target in sensors and fault.start_ms < self.end_ms:
                new = successor(sensors[fault.target])
                first.setdefault(fault.target, Replacement(fault.target, new, fault.start_ms))
        return plan_inventory(self.plan, first.values())

    def messages(self, until_ms: int) -> Iterator[tuple[int, str, str, bytes]]:
        """(time at the broker, network server, topic, payload) of everything due before `until_ms`, in order."""
        for sent in self._world.run(min(until_ms, self.end_ms)):
            yield sent.due_ms, sent.sensor.lns, sent.message.topic, sent.message.payload

    def close(self) -> None:
        """Nobody listens any more. TruthSealedError while messages of the trial are still to come."""
        if self._world.now_ms < self.end_ms:
            raise TruthSealedError("the trial is not over")
        self._closed = True

    def truth(self) -> list[TruthRow]:
        """What really happened, by start; what still lasts is open-ended. TruthSealedError before `close`."""
        if not self._closed:
            raise TruthSealedError("the detectors have not finished")
        if self._truth is None:
            rows = self._world.take_truth() + self._world.finish()
            self._truth = sorted(rows, key=lambda row: (row.start_ms, row.asset, row.kind))
        return self._truth
