"""The state database: one transaction for a commit, bounds that hold, errors by whose fault they are."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from msgspec import structs
from sqlalchemy import create_engine

from pipeline import database
from pipeline.inventory import Asset, Assignment, Device, InventoryChanges, InventoryError, Zone
from pipeline.state import (
    CursorMovedOn,
    Effects,
    EventRow,
    GatewayRow,
    QuarantineEntry,
    StateStore,
    StateUnavailable,
    StateUnusable,
)
from pipeline.tables import metadata

EUI = "24e124136b502217"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[StateStore]:
    store = StateStore(f"sqlite:///{path}", quarantine_max_rows=5, quarantine_max_bytes=10_000, event_max_rows=3)
    store.migrate()
    yield store
    store.close()


def entry(seq: int, part: int = 0, *, reason: str = "unknown_device", payload: bytes = b"x") -> QuarantineEntry:
    return QuarantineEntry(seq, part, 1000 + seq, "city", "topic", payload, 4, reason, "why")


def full_effects(seq: int) -> Effects:
    return Effects(
        "store",
        seq,
        frame_keys=b"keys%d" % seq,
        newest_ms=seq * 1000,
        latest={EUI: (f'{{"seq":{seq}}}', seq * 1000)},
        quarantine=[entry(seq)],
        events=[EventRow(seq, EUI, None, seq, "join", "cs")],
        gateways=[GatewayRow("gw", seq * 1000, online=True)],
        counters={("fate", "stored"): 10},
    )


def everything(store: StateStore) -> tuple[object, ...]:
    return (
        store.cursors(),
        list(store.frame_keys_since(0)),
        list(store.latest_all()),
        store.quarantine(),
        store.quarantine_size(),
        store.events(),
        store.gateways(),
        store.counters(),
    )


def test_migrating_an_empty_file_makes_the_tables_and_again_changes_nothing(store: StateStore, path: Path) -> None:
    """The steps and the tables in code are the same shape; a second migration is no news."""
    store.commit(full_effects(1))
    before = everything(store)
    store.migrate()
    assert everything(store) == before
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_database_of_a_newer_release_is_refused_untouched(store: StateStore, path: Path) -> None:
    """An older release must not write into what it doesn't understand; it says what to do."""
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(StateUnusable, match=r"9999.*newer release"):
        store.migrate()


def test_a_file_that_is_no_database_needs_a_person(path: Path) -> None:
    """Damage is not retried for ever."""
    path.write_bytes(b"this is a letter, not a database" * 100)
    with pytest.raises(StateUnusable, match="not a database"):
        StateStore(f"sqlite:///{path}").migrate()


def test_a_missing_folder_is_the_worlds_fault_and_nothing_is_made(tmp_path: Path) -> None:
    """No folder appears silently."""
    with pytest.raises(StateUnavailable):
        StateStore(f"sqlite:///{tmp_path}/absent/state.db").migrate()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    """Its cursors would be gone at the next start."""
    with pytest.raises(ValueError, match="needs a file"):
        StateStore(url)


def test_sqlite_is_durable_and_checks_references(store: StateStore, path: Path) -> None:
    """WAL, synchronous=FULL (2) and foreign keys are what the loss promise rests on."""
    with database.reading(store._engine) as connection:
        pragmas = {
            n: connection.exec_driver_sql(f"PRAGMA {n}").scalar()
            for n in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_commit_writes_all_its_effects_with_the_cursor(store: StateStore) -> None:
    """What is read back is what was given."""
    assert store.cursor("store") == 0
    store.commit(full_effects(7))
    assert store.cursor("store") == 7
    assert store.cursor("alerts") == 0
    assert list(store.frame_keys_since(7000)) == [b"keys7"]
    assert list(store.frame_keys_since(7001)) == []
    assert store.latest_of(EUI) == (EUI, '{"seq":7}', 7000)
    assert store.latest_of("0" * 16) is None
    assert store.quarantine() == [entry(7)]
    assert store.events()[0].body == {}
    assert store.gateways() == [GatewayRow("gw", 7000, True)]
    assert store.counters() == {("fate", "stored"): 10}


def test_repeating_a_commit_whose_answer_was_lost_changes_nothing(store: StateStore) -> None:
    """Counters count once and events stand once."""
    store.commit(full_effects(7))
    before = everything(store)
    store.commit(full_effects(7))
    assert everything(store) == before


def test_a_commit_behind_the_cursor_is_our_fault(store: StateStore) -> None:
    """Two services on one database are found out, not mixed."""
    store.commit(full_effects(7))
    with pytest.raises(CursorMovedOn, match="stands at 7"):
        store.commit(full_effects(6))


def test_effects_without_a_sequence_leave_the_cursor(store: StateStore) -> None:
    """Replays and retries write effects of their own."""
    store.commit(Effects("store", 5))
    store.commit(Effects("store", None, counters={("fate", "retried"): 1}))
    store.commit(Effects("store", None, counters={("fate", "retried"): 1}))
    assert store.cursor("store") == 5
    assert store.counters() == {("fate", "retried"): 2}


def test_an_error_in_the_middle_leaves_nothing_behind(store: StateStore) -> None:
    """A gateway row that the database refuses comes after cursor, keys, latest, quarantine and events."""
    store.commit(full_effects(1))
    before = everything(store)
    bad = GatewayRow(None, 1)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="gateway"):
        store.commit(
            Effects(**{f: getattr(full_effects(2), f) for f in Effects.__struct_fields__} | {"gateways": [bad]})
        )
    assert everything(store) == before


_KILLED = """
import os, sys, signal
from sqlalchemy import event
from pipeline.state import Effects, StateStore
store = StateStore(sys.argv[1])
wanted, seen = int(sys.argv[2]), 0
@event.listens_for(store._engine, "before_cursor_execute")
def count(connection, cursor, statement, *rest):
    global seen
    if statement.startswith(("INSERT", "UPDATE", "DELETE")):
        seen += 1
        if seen == wanted:
            os.kill(os.getpid(), signal.SIGKILL)
import importlib.util
spec = importlib.util.spec_from_file_location("t", sys.argv[3])
module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)
store.commit(module.full_effects(2))
print("done")
"""


@pytest.mark.parametrize("statement", [2, 4, 6, 99])
def test_a_process_killed_within_a_commit_has_committed_all_or_nothing(
    store: StateStore, path: Path, statement: int
) -> None:
    """SIGKILL before the second, fourth, sixth writing statement, and not at all."""
    store.commit(full_effects(1))
    before = everything(store)
    arguments = [sys.executable, "-c", _KILLED, f"sqlite:///{path}", str(statement), __file__]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[3])
    if statement == 99:
        assert done.stdout == "done\n", done.stderr
        assert store.cursor("store") == 2
        assert store.counters()["fate", "stored"] == 20
    else:
        assert done.returncode == -9, done.stderr
        assert everything(store) == before


def test_a_locked_database_is_the_worlds_fault_and_the_commit_can_be_repeated(
    store: StateStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The busy timeout ends in StateUnavailable; nothing was written, the same commit then works."""
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_S", 0.05)
    impatient = StateStore(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StateUnavailable, match="locked"):
        impatient.commit(full_effects(1))
    other.execute("ROLLBACK")
    other.close()
    impatient.commit(full_effects(1))
    assert impatient.cursor("store") == 1
    impatient.close()


def test_a_full_disk_is_the_worlds_fault_and_passes(store: StateStore) -> None:
    """SQLite's own page limit gives the error that a full disk gives."""
    with database.reading(store._engine) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    big = Effects("store", 1, latest={f"{n:016x}": ("x" * 1000, n) for n in range(100)})
    with pytest.raises(StateUnavailable, match="full"):
        store.commit(big)
    assert store.cursor("store") == 0
    with database.reading(store._engine) as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")
    store.commit(big)
    assert len(list(store.latest_all())) == 100


def test_a_wrong_statement_is_not_taken_for_the_worlds_fault(path: Path) -> None:
    """Without tables nothing gets better by trying again."""
    with pytest.raises(Exception, match="no such table") as caught:
        StateStore(f"sqlite:///{path}").cursor("store")
    assert not isinstance(caught.value, StateUnavailable | StateUnusable)


def test_frame_keys_are_kept_by_time_and_read_in_journal_order_over_pages(store: StateStore) -> None:
    """250 blobs are more than one page; trimming touches only its own consumer."""
    for seq in range(1, 251):
        store.commit(Effects("store", seq, frame_keys=b"%d" % seq, newest_ms=seq))
    store.commit(Effects("alerts", 9, frame_keys=b"alert", newest_ms=9))
    assert list(store.frame_keys_since(0, "store")) == [b"%d" % seq for seq in range(1, 251)]
    store.commit(Effects("store", 251, keep_frames_from_ms=240))
    assert list(store.frame_keys_since(0, "store")) == [b"%d" % seq for seq in range(240, 251)]
    assert list(store.frame_keys_since(0, "alerts")) == [b"alert"]


def test_latest_is_replaced_and_can_be_cleared(store: StateStore) -> None:
    """More than one page of devices, in order."""
    store.commit(Effects("store", 1, latest={f"{n:016x}": ("old", 1) for n in range(1500)}))
    store.commit(Effects("store", 2, latest={f"{3:016x}": ("new", 2)}))
    rows = list(store.latest_all())
    assert [row.dev_eui for row in rows] == [f"{n:016x}" for n in range(1500)]
    assert rows[3].body == "new"
    assert store.clear_latest(f"{3:016x}") == 1
    assert store.clear_latest() == 1499
    assert list(store.latest_all()) == []


def test_quarantine_beyond_its_rows_drops_the_oldest_and_counts_them_by_reason(store: StateStore) -> None:
    """Five fit; what is dropped is never dropped silently."""
    store.commit(Effects("store", 1, quarantine=[entry(1, reason="bad_json"), entry(1, 1), entry(2)]))
    store.commit(Effects("store", 9, quarantine=[entry(n) for n in range(3, 8)]))
    assert [e.seq for e in store.quarantine()] == [3, 4, 5, 6, 7]
    assert store.counters() == {("quarantine_dropped", "bad_json"): 1, ("quarantine_dropped", "unknown_device"): 2}
    assert store.quarantine_counts() == {"unknown_device": 5}


def test_quarantine_beyond_its_bytes_drops_the_oldest(store: StateStore) -> None:
    """Even an entry that can't fit at all is counted; the running size is the true one."""
    store.commit(Effects("store", 1, quarantine=[entry(1, payload=b"x" * 6000), entry(2, payload=b"x" * 6000)]))
    assert [e.seq for e in store.quarantine()] == [2]
    store.commit(Effects("store", 2, quarantine=[entry(3, payload=b"x" * 20_000)]))
    assert store.quarantine() == []
    assert store.quarantine_size() == (0, 0)
    assert store.counters() == {("quarantine_dropped", "unknown_device"): 3}


def test_thousands_of_drops_in_one_commit_keep_the_newest(store: StateStore) -> None:
    """More than the deletion's chunk."""
    store.commit(Effects("store", 1, quarantine=[entry(n) for n in range(1, 1301)]))
    assert [e.seq for e in store.quarantine()] == [1296, 1297, 1298, 1299, 1300]
    assert store.counters() == {("quarantine_dropped", "unknown_device"): 1295}


def test_the_same_message_in_quarantine_again_replaces_itself(store: StateStore) -> None:
    """A retry that fails for another reason leaves one entry with the new one."""
    store.commit(Effects("store", None, quarantine=[entry(1, payload=b"x" * 100)]))
    size = store.quarantine_size()
    store.commit(Effects("store", None, quarantine=[entry(1, reason="too_short", payload=b"x" * 100)]))
    assert store.quarantine_counts() == {"too_short": 1}
    assert store.quarantine_size() == size


def test_texts_that_no_database_takes_do_not_stop_a_commit(store: StateStore) -> None:
    """NUL and half a surrogate pair in a name from the air; the payload stays as it came."""
    odd = structs.replace(entry(1, payload=b"\x00\xff"), device_name="a\x00b", detail="\ud800", application="Käfer")
    store.commit(Effects("store", 1, quarantine=[odd], events=[EventRow(1, EUI, None, 1, "log", "cs", text="x\x00")]))
    (found,) = store.quarantine()
    assert (found.payload, found.device_name, found.detail, found.application) == (
        b"\x00\xff",
        "a\ufffdb",
        "?",
        "Käfer",
    )
    assert store.events()[0].text == "x\ufffd"


def test_quarantine_is_filtered_paged_shown_and_deleted(store: StateStore) -> None:
    """Paging by key neither repeats nor leaves out."""
    hinted = structs.replace(
        entry(1), dev_eui=EUI, device_key=EUI, f_port=85, profile="EM400", device_name="bin 1", tags={"zone": "a"}
    )
    store.commit(Effects("s", 1, quarantine=[hinted, entry(1, 1), entry(2, reason="bad_json"), entry(3)]))
    assert [e.seq for e in store.quarantine(dev_eui=EUI)] == [1]
    assert store.quarantine(profile="EM400") == store.quarantine(dev_eui=EUI)
    assert [e.seq for e in store.quarantine(reason="bad_json")] == [2]
    first = store.quarantine(limit=2)
    rest = store.quarantine(limit=10, after=(first[-1].seq, first[-1].part))
    assert [(e.seq, e.part) for e in first + rest] == [(1, 0), (1, 1), (2, 0), (3, 0)]
    shown = store.quarantine_entry(1, 0)
    assert shown == hinted
    assert store.quarantine_entry(1, 7) is None
    assert store.quarantine_delete([(1, 0), (2, 0), (8, 8)]) == 2
    assert [(e.seq, e.part) for e in store.quarantine()] == [(1, 1), (3, 0)]
    assert store.quarantine_size()[0] == 2


def test_events_are_bounded_filtered_and_newest_first(store: StateStore) -> None:
    """Three fit; two older ones are dropped and counted."""
    rows = [EventRow(n, EUI if n % 2 else None, "gw", n, "log", "cs", "ERROR", "X", "text", {"n": n}) for n in range(5)]
    store.commit(Effects("store", 1, events=rows))
    events = store.events()
    assert [e.body["n"] for e in events] == [4, 3, 2]
    assert [e.seq for e in store.events(EUI)] == [3]
    assert [e.seq for e in store.events(gateway_id="gw", kind="log", limit=1, before=events[0].id)] == [3]
    assert store.counters() == {("device_event_dropped", ""): 2}


def test_a_gateway_keeps_what_a_later_message_does_not_say(store: StateStore) -> None:
    """Statistics don't know whether it is online; an old message doesn't turn the clock back."""
    store.commit(Effects("s", 1, gateways=[GatewayRow("gw", 2000, online=False, latitude=48.1, longitude=11.5)]))
    store.commit(Effects("s", 2, gateways=[GatewayRow("gw", 1000, stats={"rx": 5}), GatewayRow("gw2", 1)]))
    assert store.gateways() == [GatewayRow("gw", 2000, False, 48.1, 11.5, {"rx": 5}), GatewayRow("gw2", 1)]


def test_the_inventory_is_changed_all_or_nothing(store: StateStore) -> None:
    """A contradiction found at the end leaves no half of it."""
    good = InventoryChanges(
        (Zone("z", district="north"),), (Asset("a", zone="z"),), (Device(EUI, decoder="d"),), (Assignment(EUI, "a"),)
    )
    store.apply(good)
    revision = store.inventory_revision()
    with pytest.raises(InventoryError, match="unknown asset 'b'"):
        store.apply(
            InventoryChanges(
                devices=(Device(EUI, name="renamed", decoder="d"),), assignments=(Assignment(EUI, "b", 5),)
            )
        )
    now = store.inventory()
    assert now.devices[EUI].name == ""
    placement = now.resolve(EUI, 0)
    assert placement is not None and placement.tags.district == "north"
    assert store.inventory_revision() == revision
    store.apply(
        InventoryChanges(drop_assignments=((EUI, "", 0),), drop_devices=(EUI,), drop_assets=("a",), drop_zones=("z",))
    )
    assert store.inventory_revision() == revision + 1
    assert store.inventory().devices == {}


def test_provisioning_never_overwrites_what_is_there(store: StateStore) -> None:
    """A tag's guess about an asset doesn't replace the operator's entry."""
    store.apply(InventoryChanges(assets=(Asset("bin-1", name="market", kind="waste_bin"),)))
    guess = InventoryChanges(
        assets=(Asset("bin-1"),), devices=(Device(EUI, decoder="d"),), assignments=(Assignment(EUI, "bin-1"),)
    )
    store.provision(guess)
    store.provision(guess)
    inventory = store.inventory()
    assert inventory.assets["bin-1"].name == "market"
    assert inventory.devices[EUI].decoder == "d"


def test_commits_from_several_threads_wait_for_each_other(store: StateStore) -> None:
    """Every increment arrives."""

    def work() -> None:
        for _ in range(20):
            store.commit(Effects("store", None, counters={("n", ""): 1}))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.counters() == {("n", ""): 80}
