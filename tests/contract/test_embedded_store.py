"""What only the embedded store shows: its file, its lock, its transactions, a full disk, several calls at once."""

import asyncio
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import duckdb
import pytest

from pipeline.fields import FIELDS
from pipeline.reading import Record, SeriesQuery, StoreMisconfigured, Tags, UplinkRecords
from pipeline.stores import embedded
from pipeline.stores.embedded import EmbeddedStore

DEV = "a84041000181c061"
T0 = 1_774_742_400_000
ALL = SeriesQuery("soil", DEV, ("soil_ec", "soil_ph", "event"), 0, T0 + 10**9, limit=1_000_000)


def uplink(time_ms: int, fields: dict[str, float | bool | str], channel: str = "", asset: str = "") -> UplinkRecords:
    return UplinkRecords(time_ms, (Record("soil", Tags(DEV, asset=asset), channel, time_ms, fields),))


async def test_last_write_wins_as_a_whole_record(tmp_path: Path) -> None:
    """Fields and tags of the earlier record are gone, within a batch and between batches."""
    store = EmbeddedStore(tmp_path / "r.duckdb")
    await store.write([uplink(T0, {"soil_ec": 1.0, "soil_ph": 7.0}, asset="old")])
    await store.write([uplink(T0, {"event": "a"}, asset="mid"), uplink(T0, {"soil_ec": 2.0}, asset="new")])
    assert (await store.series(ALL)).rows == [(T0, "", 2.0, None, None)]
    await store.close()
    with duckdb.connect(str(tmp_path / "r.duckdb")) as plain:
        assert plain.execute("SELECT asset, soil_ec FROM soil").fetchall() == [("new", 2.0)]


async def test_survives_reopening(tmp_path: Path) -> None:
    """After closing, another store finds everything, replaces what repeats and adds further columns."""
    path = tmp_path / "r.duckdb"
    first = EmbeddedStore(path)
    await first.write([uplink(T0 + n, {"soil_ec": float(n)}) for n in range(100)])
    await first.close()
    again = EmbeddedStore(path)
    await again.write([uplink(T0 + n, {"soil_ec": float(n), "event": "x"}) for n in range(50, 120)])
    rows = (await again.series(ALL)).rows
    assert rows == [(T0 + n, "", float(n), None, "x" if n >= 50 else None) for n in range(120)]
    await again.close()


async def test_records_long_past_beside_new_ones(tmp_path: Path) -> None:
    """A device's own log between live frames: nothing doubles, nothing else is touched."""
    store = EmbeddedStore(tmp_path / "r.duckdb")
    await store.write([uplink(T0 + n * 1000, {"soil_ec": float(n)}) for n in range(2000)])
    mixed = [uplink(T0 + n * 1000, {"soil_ec": -1.0}) for n in (0, 7, 1999, 2000)]
    await store.write([*mixed, uplink(T0 - 10**9, {"soil_ec": -1.0})])
    rows = (await store.series(ALL)).rows
    assert len(rows) == 2002
    assert [row[0] for row in rows if row[2] == -1.0] == [T0 - 10**9, *(T0 + n * 1000 for n in (0, 7, 1999, 2000))]
    await store.close()


async def test_waiting_writes_share_a_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that wait behind a busy writer become one transaction, bounded; each gets its own refusals."""
    transactions: list[int] = []
    original = EmbeddedStore._store

    def counting(self: EmbeddedStore, batches: list[list[UplinkRecords]]) -> object:
        transactions.append(len(batches))
        return original(self, batches)

    monkeypatch.setattr(EmbeddedStore, "_store", counting)
    monkeypatch.setattr(embedded, "ROWS_PER_TRANSACTION", 60)
    store = EmbeddedStore(tmp_path / "r.duckdb")
    await store.open()
    busy = threading.Event()
    blocked = asyncio.get_running_loop().run_in_executor(store._writer, busy.wait)
    calls = [
        asyncio.create_task(store.write([uplink(T0 + call * 100 + n, {"soil_ec": 1.0}) for n in range(10)]))
        for call in range(15)
    ]
    poisoned = asyncio.create_task(store.write([uplink(T0 - 1, {"soil_ec": "wet"})]))
    asyncio.get_running_loop().call_soon(busy.set)  # after the first step of every task
    await blocked
    assert [await call for call in calls] == [[]] * 15
    assert [refusal.seq for refusal in await poisoned] == [T0 - 1]
    assert sum(transactions) == 16 and len(transactions) == 3
    assert len((await store.series(ALL)).rows) == 150
    await store.close()


async def test_reads_while_writing(tmp_path: Path) -> None:
    """A reader sees whole batches only, never part of one."""
    store = EmbeddedStore(tmp_path / "r.duckdb")
    await store.open()

    async def write() -> None:
        for batch in range(20):
            await store.write([uplink(T0 + batch * 1000 + n, {"soil_ec": 1.0}) for n in range(700)])

    writing = asyncio.create_task(write())
    seen = set()
    while not writing.done():
        seen.add(len((await store.series(ALL)).rows))
    await writing
    assert all(count % 700 == 0 for count in seen)
    assert len((await store.series(ALL)).rows) == 14_000
    await store.close()


async def test_a_field_that_changed_its_type(tmp_path: Path) -> None:
    """A file whose column has another type than the vocabulary refuses the record like InfluxDB's conflict."""
    older = EmbeddedStore(tmp_path / "r.duckdb", fields={**FIELDS, "soil_ec": "str"})
    await older.write([uplink(T0, {"soil_ec": "word"})])
    await older.close()
    store = EmbeddedStore(tmp_path / "r.duckdb")
    refused = await store.write([uplink(T0 + 1, {"soil_ec": 1.0}), uplink(T0 + 2, {"soil_ph": 7.0})])
    assert [refusal.error for refusal in refused] == [
        'field type conflict: field "soil_ec" is DOUBLE, already exists as VARCHAR'
    ]
    await store.close()


async def test_locked_by_another_process(tmp_path: Path) -> None:
    """A person must act; when the other process is gone the same store works."""
    path = tmp_path / "r.duckdb"
    code = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print('open', flush=True); sys.stdin.read()"
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    assert await other.stdout.readline() == b"open\n"
    store = EmbeddedStore(path)
    try:
        for call in (store.open(), store.write([uplink(T0, {"soil_ec": 1.0})]), store.series(ALL), store.status()):
            with pytest.raises(StoreMisconfigured, match="lock"):
                await call
    finally:
        await other.communicate(b"")  # closes its input: it ends
    assert await store.write([uplink(T0, {"soil_ec": 1.0})]) == []
    await store.close()


def duckdb_checksum(block: bytes) -> int:
    """DuckDB's checksum of a header block (src/common/checksum.cpp: eight-byte words, multiplied and xored)."""
    result = 5381
    for start in range(0, len(block), 8):
        result ^= int.from_bytes(block[start : start + 8], "little") * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    return result


async def test_written_by_a_newer_version(tmp_path: Path) -> None:
    """A storage version of the future is told as such, and the file stays as it is."""
    path = tmp_path / "r.duckdb"
    store = EmbeddedStore(path)
    await store.write([uplink(T0, {"soil_ec": 1.0})])
    await store.close()
    content = bytearray(path.read_bytes())
    assert content[8:12] == b"DUCK"
    assert duckdb_checksum(bytes(content[8:4096])) == int.from_bytes(content[:8], "little")
    content[12:20] = (9999).to_bytes(8, "little")
    content[:8] = duckdb_checksum(bytes(content[8:4096])).to_bytes(8, "little")
    path.write_bytes(content)
    with pytest.raises(StoreMisconfigured, match="version"):
        await EmbeddedStore(path).open()
    assert path.read_bytes() == bytes(content)


@pytest.mark.parametrize("content", [b"x" * 20_000, b"DUCK" * 5000])
async def test_no_database_file(tmp_path: Path, content: bytes) -> None:
    """Some other file under that name is never touched."""
    path = tmp_path / "r.duckdb"
    path.write_bytes(content)
    with pytest.raises(StoreMisconfigured):
        await EmbeddedStore(path).open()
    assert path.read_bytes() == content


async def test_no_folder(tmp_path: Path) -> None:
    """No data folder is created silently."""
    with pytest.raises(StoreMisconfigured):
        await EmbeddedStore(tmp_path / "missing" / "r.duckdb").open()
    assert not (tmp_path / "missing").exists()


def test_full_disk_and_recovery(tmp_path: Path) -> None:
    """No space (a file size limit of the process): StoreUnavailable; with space again the same store goes on, whole."""
    code = """
        import asyncio, random, resource, sys
        from pathlib import Path
        from pipeline.reading import Record, SeriesQuery, StoreUnavailable, Tags, UplinkRecords
        from pipeline.stores.embedded import EmbeddedStore

        def batch(number):
            chance = random.Random(number)
            return [UplinkRecords(n, (Record("soil", Tags("d"), "", number * 1000 + n,
                    {"soil_ec": chance.random(), "soil_ph": chance.random()}),)) for n in range(1000)]

        async def main():
            store = EmbeddedStore(Path(sys.argv[1]))
            await store.write(batch(0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
            done, failed = 1, 0
            while failed < 3:
                try:
                    await store.write(batch(done))
                    done += 1
                    assert done < 100, "the limit was never met"
                except StoreUnavailable as error:
                    failed += 1
                    words = str(error)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            await store.write(batch(done))
            done += 1
            await store.close()
            again = EmbeddedStore(Path(sys.argv[1]))
            rows = (await again.series(SeriesQuery("soil", "d", ("soil_ec",), 0, 10**9, limit=10**6))).rows
            records = [u.records[0] for n in range(done) for u in batch(n)]
            expected = [(r.time_ms, "", r.fields["soil_ec"]) for r in records]
            assert rows == expected, (len(rows), len(expected))
            await again.close()
            print("ok", done, words)

        asyncio.run(main())
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "r.duckdb")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout.startswith("ok"), ran.stdout + ran.stderr
