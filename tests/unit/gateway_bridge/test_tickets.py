"""Acknowledgements in arrival order, and none on a connection that is gone."""

from hypothesis import given
from hypothesis import strategies as st

from gateway_bridge.tickets import PacketTicket, TicketQueue


class Recorder:
    def __init__(self) -> None:
        self.acknowledged: list[int] = []
        self.settled: list[tuple[int, int, int]] = []
        self.queue = TicketQueue(self.acknowledged.extend, lambda *figures: self.settled.append(figures))

    def issue(self, *mids: int) -> PacketTicket:
        return self.queue.issue(list(mids), len(mids), 100 * len(mids))


def test_a_ticket_waits_for_those_before_it() -> None:
    """The second read is on disk first; its acknowledgements go out behind those of the first."""
    recorder = Recorder()
    first, second, third = recorder.issue(1, 2), recorder.issue(3), recorder.issue(4)
    second.settle()
    assert recorder.acknowledged == []
    first.settle()
    assert recorder.acknowledged == [1, 2, 3] and len(recorder.queue) == 1
    third.settle()
    assert recorder.acknowledged == [1, 2, 3, 4] and len(recorder.queue) == 0
    assert recorder.settled == [(1, 100, 0), (2, 200, 0), (1, 100, 0)]


def test_a_second_settle_does_nothing() -> None:
    """Neither acknowledgements nor counts are doubled."""
    recorder = Recorder()
    ticket = recorder.issue(1)
    ticket.settle()
    ticket.settle()
    assert recorder.acknowledged == [1] and recorder.settled == [(1, 100, 0)]


def test_after_the_loss_nothing_is_acknowledged_and_all_is_counted() -> None:
    """Settled packets that waited their turn and those settled later are withheld, each counted once."""
    recorder = Recorder()
    first, second = recorder.issue(1, 2), recorder.issue(3)
    second.settle()
    assert recorder.queue.close() == 1
    first.settle()
    recorder.issue(4).settle()
    assert recorder.acknowledged == []
    assert recorder.settled == [(1, 100, 0), (2, 200, 2), (1, 100, 1)]


@given(st.permutations(range(8)), st.integers(0, 8))
def test_acknowledged_is_always_the_settled_beginning(order: list[int], until: int) -> None:
    """Whatever the order of settling and whenever the connection breaks: packets are acknowledged in arrival order,
    each once, and every one is acknowledged, withheld or still unsettled."""
    recorder = Recorder()
    tickets = [recorder.issue(mid) for mid in range(1, 9)]
    for at in order[:until]:
        tickets[at].settle()
    done = {at + 1 for at in order[:until]}
    beginning = next((mid for mid in range(1, 9) if mid not in done), 9) - 1
    assert recorder.acknowledged == list(range(1, beginning + 1))
    assert recorder.queue.close() == len(done) - beginning
