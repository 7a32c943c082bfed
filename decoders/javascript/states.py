"""What is known of each codec while it runs: where its calls go, how often it hit a limit, and whether it may run."""

from typing import Literal

from msgspec import Struct

from decoders.javascript.catalogue import CodecFile
from decoders.javascript.result import CodecFailure, CodecReason

TRIAL_CALLS = 20
"""Good calls after which a new codec leaves the trial process for the steady one."""
PROBATION_CALLS = 1000
"""Good calls after which a codec's limit hits are forgiven."""
MAX_HITS = 3
"""Limit hits that put a codec into quarantine."""

Standing = Literal["trial", "steady", "probation", "quarantined", "refused"]


class Quarantine(Struct, frozen=True):
    """Why a codec no longer runs, until its file changes."""

    reason: CodecReason
    since_ms: int
    """Unix ms."""
    hits: int

    def __str__(self) -> str:
        return f"hit a limit {self.hits} times, the last one was {self.reason}; it runs again when its file changes"


class CodecStatus(Struct, frozen=True):
    """One codec for people and metrics."""

    id: str
    version: str
    """Of the source that runs; empty if there never was a good one."""
    standing: Standing
    hits: int = 0
    quarantine: Quarantine | None = None
    refused: CodecFailure | None = None
    """Why the file as it is now is not used; an older, good version goes on running if there was one."""


class CodecState:
    """One version of one codec."""

    def __init__(self, file: CodecFile, key: int) -> None:
        self.file = file
        self.key = key
        self.hits = 0
        self.good = 0
        self.standing: Standing = "trial"
        self.quarantine: Quarantine | None = None

    @property
    def source(self) -> str:
        """The JavaScript text."""
        return self.file.source

    def note_good(self) -> bool:
        """One more call without a limit hit; True if the codec has earned another standing."""
        self.good += 1
        needed = TRIAL_CALLS if self.standing == "trial" else PROBATION_CALLS
        if self.standing not in ("trial", "probation") or self.good < needed:
            return False
        self.standing, self.hits, self.good = "steady", 0, 0
        return True

    def note_hit(self, reason: CodecReason, now_ms: int) -> None:
        """One more limit hit: probation, or quarantine."""
        self.hits += 1
        self.good = 0
        self.standing = "probation"
        if self.hits >= MAX_HITS:
            self.standing = "quarantined"
            self.quarantine = Quarantine(reason, now_ms, self.hits)
