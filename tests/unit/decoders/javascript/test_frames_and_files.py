"""The frames between the processes, and the codecs folder."""

import os
from pathlib import Path

import msgspec
import pytest

from decoders.javascript.catalogue import MAX_SOURCE, CodecFile, CodecFolder
from decoders.javascript.frames import MAX_FRAME, MOVED, Call, Drop, FrameError, FrameReader, Load, frame_of, framed
from decoders.javascript.result import CODEC_REASONS, LIMIT_REASONS, CodecFailure
from decoders.javascript.worker import Codecs

CODEC = "function decodeUplink(i) { if (i.bytes[0]) for (;;); return { data: { t: Date.now() } } }"
INPUT = '{"now":%d,"bytes":[%d],"variables":{}}'


def test_frames_survive_any_cutting() -> None:
    """However the pipe cuts the stream, the same bodies come out, in order."""
    bodies = [b"", b"a", b"x" * 300, "é€".encode()]
    stream = b"".join(framed(body) for body in bodies)
    for size in (1, 2, 3, 5, 7, 100, len(stream)):
        reader = FrameReader()
        seen = [body for at in range(0, len(stream), size) for body in reader.feed(stream[at : at + size])]
        assert seen == bodies


def test_an_impossible_length_is_an_error() -> None:
    """Nothing waits for, or keeps, what can't be a frame."""
    with pytest.raises(FrameError):
        FrameReader().feed((MAX_FRAME + 1).to_bytes(4, "big"))


def test_messages_come_back_as_they_were() -> None:
    """All kinds through one decoder."""
    for message in (Load(1, "source"), Call(1, "decodeUplink", "{}", 5), Drop(1)):
        (body,) = FrameReader().feed(frame_of(message))
        assert msgspec.json.decode(body, type=Load | Call | Drop) == message


def test_a_worker_stops_a_codec_that_hit_a_limit() -> None:
    """Calls that were on their way come back untouched, until the codec is loaded anew; others go on."""
    codecs = Codecs()
    for key in (1, 2):
        assert codecs.handle(Load(key, CODEC)) is None
    good, bad = INPUT % (5, 0), INPUT % (5, 1)
    assert codecs.handle(Call(1, "decodeUplink", good, 5)) == codecs.handle(Call(2, "decodeUplink", good, 5))
    assert '"timeout"' in str(codecs.handle(Call(1, "decodeUplink", bad, 5)))
    assert codecs.handle(Call(1, "decodeUplink", good, 5)) == MOVED
    assert '"t":5' in str(codecs.handle(Call(2, "decodeUplink", good, 5)))
    codecs.handle(Load(1, CODEC))
    assert '"t":5' in str(codecs.handle(Call(1, "decodeUplink", good, 5)))
    codecs.handle(Drop(1))
    assert codecs.handle(Call(1, "decodeUplink", good, 5)) == MOVED


def test_a_folder_s_files_are_codecs(tmp_path: Path) -> None:
    """Id from the name, version from the content; a byte order mark is no part of the source."""
    (tmp_path / "acme-t1.js").write_bytes(b"\xef\xbb\xbfvar a = 1")
    (tmp_path / "copy.js").write_bytes(b"\xef\xbb\xbfvar a = 1")
    (tmp_path / "README.md").write_text("no codec")
    found = CodecFolder(tmp_path).scan()
    assert found.keys() == {"acme-t1", "copy"}
    codec, copy = found["acme-t1"], found["copy"]
    assert isinstance(codec, CodecFile) and isinstance(copy, CodecFile)
    assert codec.source == "var a = 1" and codec.version == copy.version and len(codec.version) == 12


def test_files_that_can_not_be_codecs_are_refused(tmp_path: Path) -> None:
    """With the reason, and the place where there is one."""
    (tmp_path / "latin.js").write_bytes(b"var a;\nvar b = '\xe9'")
    (tmp_path / "bad name.js").write_text("var a")
    (tmp_path / "big.js").write_bytes(b" " * (MAX_SOURCE + 1))
    (tmp_path / "folder.js").mkdir()
    found = CodecFolder(tmp_path).scan()
    assert found["latin"] == CodecFailure("js_load_error", "latin.js: not UTF-8", 2, 10)
    assert all(isinstance(failure, CodecFailure) for failure in found.values()) and len(found) == 4


def test_only_changed_files_are_read_again(tmp_path: Path) -> None:
    """Time or size must differ; a file put back to the same stamp is believed unchanged; removed files are gone."""
    path = tmp_path / "a.js"
    path.write_text("var a = 1")
    os.utime(path, ns=(10**18, 10**18))
    folder = CodecFolder(tmp_path)
    first = folder.scan()["a"]
    path.write_text("var a = 2")
    os.utime(path, ns=(10**18, 10**18))
    assert folder.scan()["a"] is first
    os.utime(path, ns=(2 * 10**18, 2 * 10**18))
    second = folder.scan()["a"]
    assert isinstance(first, CodecFile) and isinstance(second, CodecFile) and second.version != first.version
    path.unlink()
    assert folder.scan() == {}


def test_a_single_file_is_a_folder_of_one(tmp_path: Path) -> None:
    """Any name will do there."""
    path = tmp_path / "my codec (2).js"
    path.write_text("var a = 1")
    assert list(CodecFolder(path).scan()) == ["my codec (2)"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """Not an empty one."""
    with pytest.raises(FileNotFoundError):
        CodecFolder(tmp_path / "none").scan()


def test_reasons_are_a_closed_list() -> None:
    """They are metric labels: lower case, and recognisable among other reasons."""
    assert LIMIT_REASONS < CODEC_REASONS
    assert all(reason.startswith("js_") and reason == reason.lower() for reason in CODEC_REASONS)
