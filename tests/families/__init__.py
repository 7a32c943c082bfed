"""One module a vendor, each with a `FAMILY`; `families()` finds them."""

import importlib
import pkgutil

from tests.families.family import Family


def families() -> list[Family]:
    """All families, by the name of their module."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "family")
    return [importlib.import_module(f"{__name__}.{name}").FAMILY for name in names]
