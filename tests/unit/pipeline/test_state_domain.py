"""Detectors' states and domain events in the state database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipeline.domain.words import DomainEvent, event_id
from pipeline.effects import DomainChanges, DomainState, Effects
from pipeline.state import StateStore
from pipeline.state_domain import EventFilter


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateStore]:
    store = StateStore(f"sqlite:///{tmp_path / 'state.db'}")
    store.migrate()
    yield store
    store.close()


def event(kind: str, start_ms: int, end_ms: int | None = None, asset: str = "bin-1") -> DomainEvent:
    return DomainEvent(
        event_id(kind, asset, start_ms), kind, asset, start_ms, end_ms, False, 0.5, {"level": 1.0}, "w@1"
    )


def write(
    state: StateStore, *events: DomainEvent, gone: set[str] | None = None, at_ms: int = 1, seq: int | None = None
) -> None:
    known = {one.id: one for one in events}
    state.commit(Effects("readings", seq, domain=DomainChanges({}, known, gone or set(), at_ms)))


def test_the_same_again_is_no_revision(state: StateStore) -> None:
    """Only what differs raises the revision; who withdraws twice withdraws once; an event may come back."""
    first = event("emptied", 10)
    for at_ms in (1, 2):
        write(state, first, at_ms=at_ms)
    (row,) = state.domain_events(EventFilter())
    assert (row.event, row.revision, row.updated_ms, row.withdrawn) == (first, 1, 1, False)
    write(state, replace(first, confidence=0.9), at_ms=3)
    for at_ms in (4, 5):
        write(state, gone={first.id}, at_ms=at_ms)
    (row,) = state.domain_events(EventFilter(withdrawn=True))
    assert (row.revision, row.updated_ms, row.withdrawn) == (3, 4, True)
    assert not state.domain_events(EventFilter())
    write(state, replace(first, confidence=0.9), at_ms=6)
    assert [row.revision for row in state.domain_events(EventFilter())] == [4]


def test_states_and_events_commit_with_the_cursor_or_not_at_all(state: StateStore) -> None:
    """A commit that was made before writes nothing again."""
    body = DomainState("bin-1", "waste", 1, b"one")
    for content in (b"one", b"two"):
        changes = DomainChanges({"bin-1": body._replace(body=content)}, {}, set(), 1)
        state.commit(Effects("readings", 7, domain=changes))
    assert state.domain_states() == [body] and state.cursor("readings") == 7
    state.domain_drop(["bin-1"])
    assert state.domain_states() == []


def test_many_assets_and_pages(state: StateStore) -> None:
    """More assets than one statement can name, in pages: every event once, newest first."""
    made = [event("emptied", n // 3, asset=f"bin-{n}") for n in range(1200)]
    write(state, *made)
    asked = EventFilter(tuple(f"bin-{n}" for n in range(0, 1200, 2)))
    seen: list[DomainEvent] = []
    before = None
    while page := state.domain_events(asked, limit=130, before=before):
        seen += [row.event for row in page]
        before = (seen[-1].start_ms, seen[-1].id)
    assert seen == sorted(made[::2], key=lambda one: (one.start_ms, one.id), reverse=True)


def test_old_events_are_forgotten_unless_they_go_on(state: StateStore) -> None:
    """By when they ended; an ongoing one stays however old."""
    ongoing = replace(event("silent", 1), ongoing=True)
    write(state, event("emptied", 10), event("overflow", 20, 200), ongoing)
    assert state.domain_trim(100) == 1
    assert {row.event.kind for row in state.domain_events(EventFilter())} == {"overflow", "silent"}


def test_changes_add_up_in_order() -> None:
    """What was withdrawn and said again is said; what was said and withdrawn is withdrawn."""
    first, second = event("emptied", 1), event("emptied", 2)
    total = DomainChanges({}, {first.id: first}, {second.id})
    total.add(DomainChanges({}, {second.id: second}, {first.id}, 9))
    assert (total.events, total.withdrawn, total.updated_ms) == ({second.id: second}, {first.id}, 9)
