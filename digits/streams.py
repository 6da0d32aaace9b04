"""File descriptor 2, to which C libraries write what they think of a file."""

import os
import sys
from contextlib import contextmanager


@contextmanager
def stderr_to(other):
    """Point file descriptor 2 at the open descriptor `other` in this block.

    It yields a descriptor of what 2 was, or None if it was closed; then it stays so.
    """
    try:
        before = os.dup(2)
    except OSError:
        yield None
        return
    if sys.stderr:
        sys.stderr.flush()
    os.dup2(other, 2)
    try:
        yield before
    finally:
        os.dup2(before, 2)
        os.close(before)
