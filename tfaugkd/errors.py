"""The error for what a user can put right: one sentence that says what, where and what to do."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Something the user gave cannot be used; the message is one sentence for them to read."""


def unknown_name(kind: str, received: str, allowed: Iterable[str]) -> InputError:
    """Builds the error for a name that is not in a list, naming the nearest one that is.

    Args:
        kind: What the name stands for, as in "task" or "key of data".
        received: The name that was given.
        allowed: The names that exist.

    Returns:
        The error, to be raised by the caller.
    """
    names = list(allowed)
    close = difflib.get_close_matches(received.lower(), [name.lower() for name in names], n=1)
    hint = next((name for name in names if close and name.lower() == close[0]), None)
    suggestion = f" Did you mean {hint!r}?" if hint else ""
    return InputError(
        f"Unknown {kind}: {received!r}.{suggestion} Allowed: {', '.join(sorted(names))}."
    )
