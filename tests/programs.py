"""Programs that tests run for real: found, or the test says how to get them."""

import os
import shutil

import pytest


def program(name: str, missing: str, *more_folders: str) -> str:
    """Where the program is, on the PATH or in one of `more_folders`. Else the test is skipped, or fails when CI=true,
    with the line `missing`."""
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(more_folders))
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found
