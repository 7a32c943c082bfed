"""One database for the state: SQLite file or PostgreSQL by URL, its settings, its schema, its errors by kind."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

MIGRATIONS = Path(__file__).parent / "migrations"

_WRITES = "loracity_writes"
_BUSY_TIMEOUT_S = 10.0
_WORLD = frozenset(
    {
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_INTERRUPT,
    }
)  # fmt: skip


class StateUnavailable(Exception):
    """The world's fault: locked, disk full, server away. Nothing was changed for certain; try the same again."""


class StateUnusable(Exception):
    """A person must act: the database is from a newer release, damaged, or not ours."""


def open_engine(url: str) -> Engine:
    """An engine whose transactions are real ones; no connection is made yet.

    SQLite runs with WAL, `synchronous=FULL`, foreign keys and a busy timeout, and takes the write lock at the start of
    a writing transaction, so that none fails half-way for a lock it could have waited for.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
    _check_file(parsed)
    engine = create_engine(parsed, connect_args={"timeout": _BUSY_TIMEOUT_S}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One connection in one reading transaction. StateUnavailable, StateUnusable."""
    with translated(), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One connection in one writing transaction: all or nothing. StateUnavailable, StateUnusable."""
    with translated(), engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        yield connection


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours by whose fault they are; a wrong statement stays what it is: our crash."""
    try:
        yield
    except PoolTimeout as error:
        raise StateUnavailable(f"state database: {error}") from error
    except (DatabaseError, InterfaceError, sqlite3.Error) as error:
        cause = error if isinstance(error, sqlite3.Error) else error.orig
        if _is_damaged(cause):
            raise StateUnusable(f"state database: {cause}; restore it from a backup") from error
        if _is_worlds_fault(error, cause):
            raise StateUnavailable(f"state database: {cause}") from error
        raise


def migrate(engine: Engine) -> None:
    """Bring the schema to this release's, in one transaction; again changes nothing. StateUnusable when the database
    was made by a newer release, StateUnavailable as everywhere."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    with writing(engine) as connection:
        current = MigrationContext.configure(connection).get_current_heads()
        unknown = sorted(set(current) - known)
        if unknown:
            raise StateUnusable(
                f"the state database has schema {', '.join(unknown)}, made by a newer release; this one knows up to "
                f"{scripts.get_current_head()}: install the newer release again or restore the backup made before it"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _check_file(url: URL) -> None:
    if url.database in (None, "", ":memory:"):
        raise ValueError(
            "the state database needs a file: sqlite:///PATH (a database in memory would forget the cursors)"
        )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling commits behind our back; `_begin_sqlite` takes over.
    connection.isolation_level = None
    rows = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        rows.execute(f"PRAGMA {pragma}")
    rows.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _is_damaged(error: BaseException | None) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _is_worlds_fault(error: Exception, cause: BaseException | None) -> bool:
    code = getattr(cause, "sqlite_errorcode", None)
    if isinstance(code, int):
        return code & 0xFF in _WORLD
    return isinstance(error, OperationalError | InterfaceError) or getattr(error, "connection_invalidated", False)
