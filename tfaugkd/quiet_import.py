"""Imports TensorFlow without the lines that its C++ parts write about GPUs that are not there."""

import importlib
import os
import sys
import tempfile
from types import ModuleType


def import_quietly(module: str) -> ModuleType:
    """Imports a module while file descriptor 2, where C++ writes, goes to a temporary file.

    Args:
        module: The module's full name.

    Returns:
        The module. Where the import fails, what was held back is written first.
    """
    sys.stderr.flush()
    own = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            return importlib.import_module(module)
        except BaseException:
            held.seek(0)
            os.write(own, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(own, 2)
            os.close(own)
