"""The codecs folder: every `.js` file is a codec, known by its name without the suffix."""

import hashlib
import re
from pathlib import Path

from msgspec import Struct

from decoders.javascript.result import CodecFailure

MAX_SOURCE = 1024 * 1024
"""Bytes of a codec file; the largest published ones have 321 kB."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class CodecFile(Struct, frozen=True):
    """One readable codec file."""

    id: str
    source: str
    version: str
    """The first 12 hex digits of the SHA-256 of its bytes: stored with every reading as the decoder's version."""


def is_codec_id(name: str) -> bool:
    """Whether a codec may have this name."""
    return _ID.fullmatch(name) is not None


class CodecFolder:
    """The files of a folder, or a single file. `scan` blocks on the disk: call it in a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: dict[Path, tuple[tuple[int, int, int], CodecFile | CodecFailure]] = {}

    def scan(self) -> dict[str, CodecFile | CodecFailure]:
        """Every codec by id, and why where a file can't be one. Reads only files whose time or size changed.

        Raises `OSError` if the folder can't be read.
        """
        if self._path.is_file():
            seen = {self._path: self._look(self._path)}
        else:
            seen = {path: self._look(path) for path in sorted(self._path.iterdir()) if path.suffix == ".js"}
        self._seen = {path: entry for path, entry in seen.items() if entry is not None}
        return {path.stem: found for path, (_, found) in self._seen.items()}

    def _look(self, path: Path) -> tuple[tuple[int, int, int], CodecFile | CodecFailure] | None:
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            known = self._seen.get(path)
            if known is not None and known[0] == stamp:
                return known
            if path != self._path and not _ID.fullmatch(path.stem):
                return stamp, _refused(path, "a name takes letters, digits, '.', '_' and '-' only")
            return stamp, _read(path, status.st_size)
        except FileNotFoundError:
            return None  # removed while we looked
        except OSError as error:
            return (0, 0, 0), _refused(path, str(error.strerror))


def _refused(path: Path, why: str) -> CodecFailure:
    return CodecFailure("js_load_error", f"{path.name}: {why}")


def _read(path: Path, size: int) -> CodecFile | CodecFailure:
    if size > MAX_SOURCE:
        return _refused(path, f"larger than {MAX_SOURCE} bytes")
    content = path.read_bytes()
    try:
        source = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        return CodecFailure("js_load_error", f"{path.name}: not UTF-8", line, column)
    return CodecFile(path.stem, source, hashlib.sha256(content).hexdigest()[:12])
