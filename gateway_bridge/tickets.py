"""Which packets of one connection may be acknowledged: settled ones, in the order in which they came."""

from collections import deque
from collections.abc import Callable


class PacketTicket:
    """The packets of one read. `gateway_bridge.delivery.Ticket` for the sink."""

    __slots__ = ("_queue", "count", "mids", "settled", "size")

    def __init__(self, queue: "TicketQueue", mids: list[int], count: int, size: int) -> None:
        self._queue = queue
        self.mids = mids
        self.count = count
        self.size = size
        self.settled = False

    def settle(self) -> None:
        """The messages are on disk; a second call does nothing."""
        if not self.settled:
            self.settled = True
            self._queue.settle(self)


class TicketQueue:
    """The open tickets of one connection. A ticket settled early waits for those before it: brokers reuse packet ids
    that are still open, and only acknowledgements in arrival order hit the right message then."""

    def __init__(self, acknowledge: Callable[[list[int]], None], on_settled: Callable[[int, int, int], None]) -> None:
        """`acknowledge` sends acknowledgements for packet ids. `on_settled` hears, once for each ticket, its number of
        messages, their payload bytes, and how many acknowledgements are withheld because the connection is gone."""
        self._acknowledge = acknowledge
        self._on_settled = on_settled
        self._open: deque[PacketTicket] = deque()
        self._closed = False

    def __len__(self) -> int:
        return len(self._open)

    def issue(self, mids: list[int], count: int, size: int) -> PacketTicket:
        """A ticket for `count` messages of `size` payload bytes with these packet ids, behind all earlier ones."""
        ticket = PacketTicket(self, mids, count, size)
        self._open.append(ticket)
        return ticket

    def settle(self, ticket: PacketTicket) -> None:
        """Acknowledge what has become due."""
        waiting = self._open
        while waiting and waiting[0].settled and not self._closed:
            self._acknowledge(waiting.popleft().mids)
        self._on_settled(ticket.count, ticket.size, len(ticket.mids) if self._closed else 0)

    def close(self) -> int:
        """The connection is gone, nothing is acknowledged any more; how many settled packets had waited their turn."""
        self._closed = True
        withheld = sum(len(ticket.mids) for ticket in self._open if ticket.settled)
        self._open.clear()
        return withheld
