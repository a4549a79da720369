"""Makes EncT5 known to Keras once KerasHub is imported, before this package or after it.

KerasHub finds the class of a saved model in Keras' register. Importing KerasHub to fill it takes
seconds, which `tfaugkd --help` is not to wait for.
"""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_HUB = "keras_hub"
_REGISTERED = "tfaugkd.enc_t5"


def register_with_keras_hub() -> None:
    """Registers EncT5 now if KerasHub is imported, or else as soon as it is."""
    if _HUB in sys.modules:
        importlib.import_module(_REGISTERED)
    else:
        sys.meta_path.insert(0, _AfterKerasHub())


class _AfterKerasHub(MetaPathFinder):
    """Finds KerasHub where it is, and has it followed by the classes to register."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _HUB:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_register(module: ModuleType) -> None:
            execute(module)
            importlib.import_module(_REGISTERED)

        spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec
