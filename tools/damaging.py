"""What the tools that damage files share: the damage, the watch over each reading, the counts.

A tool says how files of each kind are made, whole or in part damaged already, and how one is read.
"""

import faulthandler
import os
import shutil
import struct
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from digits.command_line import say, whole_number
from digits.errors import UserError

MOST_SECONDS, MOST_MEGABYTES = 10, 500
MEMORY_UNITS = 1_000_000 if sys.platform == "darwin" else 1_000  # in a megabyte
MOST_BYTES = 40  # that are changed in one file
HEADER = 200  # bytes at either end of a file, where its sizes stand
HOSTILE = (0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
SHARE_CUT, SHARE_RANDOM = (
    0.2,
    0.4,
)  # of damaged files; in the others, a number in a header is hostile


def add_count(parser, default, what):
    """Add how many files are damaged, and the seed."""
    count, seed = whole_number(1, 1_000_000), whole_number(0, 2**32 - 1)
    parser.add_argument("count", type=count, nargs="?", default=default, metavar="N", help=what)
    parser.add_argument("--seed", type=seed, default=1, metavar="N", help="decides all chance")


def damaged(whole, random):
    """Return bytes that end too soon, or of which some are others, or a number is hostile."""
    content, chance = bytearray(whole), random.random()
    if chance < SHARE_CUT:
        return bytes(content[: random.integers(len(content))])
    if chance < SHARE_CUT + SHARE_RANDOM:
        for _ in range(random.integers(1, MOST_BYTES + 1)):
            content[random.integers(len(content))] = random.integers(256)
        return bytes(content)
    for _ in range(random.integers(1, 4)):
        put_hostile(content, random)
    return bytes(content)


def put_hostile(content, random):
    """Put a number as no honest file has it near the start or the end of a content."""
    number, order = int(random.choice(HOSTILE)), random.choice(["<", ">"])
    size = "H" if number <= 0xFFFF and random.random() < 0.5 else "I"
    place = int(random.integers(min(HEADER, len(content) - 4)))
    place = place if random.random() < 0.8 else len(content) - 4 - place
    struct.pack_into(order + size, content, max(place, 0), number)


def read_damaged(kinds, make, read, arguments):
    """Make and read files of each kind in turn, and print what became of them.

    `make(kind, random, folder)` returns the path of a new file, `read(path)` a word for the
    outcome. Raises UserError, and leaves the file, if it takes too long, too much memory, or has
    anything printed that is not this program's.
    """
    random, counts, slowest = np.random.default_rng(arguments.seed), Counter(), 0.0
    folder = Path(tempfile.mkdtemp())
    say(f"one after another in {folder}")
    for number in range(arguments.count):
        kind = kinds[number % len(kinds)]
        folder.mkdir(exist_ok=True)
        path = make(kind, random, folder)
        started = time.perf_counter()
        with watched(path):
            counts[kind, read(path)] += 1
        seconds = time.perf_counter() - started
        require_little(path, seconds)
        slowest = max(slowest, seconds)
        shutil.rmtree(folder)
    print("\n".join(table(kinds, counts)))
    print(f"the slowest took {slowest:.2f} s; memory came to {megabytes():.0f} MB")


@contextmanager
def watched(path):
    """Raise UserError if a line is written in this block, by whatever library, that is not ours.

    Ours name the file. What does not end in time is ended, with where it was.
    """
    terminals = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as held:
        faulthandler.dump_traceback_later(3 * MOST_SECONDS, exit=True, file=terminals[1])
        try:
            point_at(held.fileno(), held.fileno())
            yield
        finally:
            point_at(*terminals)
            faulthandler.cancel_dump_traceback_later()
            for terminal in terminals:
                os.close(terminal)
        held.seek(0)
        strange = [line for line in held.read().decode().splitlines() if path.name not in line]
    if strange:
        raise UserError(f"reading {path} printed {strange[0]!r}: look at it there")


def point_at(out, err):
    """Point this process's stdout and stderr at other open files, C libraries' included."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(out, 1)
    os.dup2(err, 2)


def require_little(path, seconds):
    """Raise UserError if a file took too long, or memory has come to too much."""
    if seconds > MOST_SECONDS or megabytes() > MOST_MEGABYTES:
        raise UserError(
            f"reading {path} took {seconds:.1f} s and {megabytes():.0f} MB: look at it there"
        )


def megabytes():
    """Return the most memory that this process has had; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEMORY_UNITS


def table(kinds, counts):
    """Yield the lines of a table: how many files of each kind came to what."""
    outcomes = sorted({outcome for _, outcome in counts})
    width = max(map(len, kinds)) + 1
    yield f"{'':{width}}" + "".join(f"{outcome:>14}" for outcome in outcomes)
    for kind in (*kinds, "all"):
        row = [
            sum(n for (k, o), n in counts.items() if o == each and kind in (k, "all"))
            for each in outcomes
        ]
        yield f"{kind:{width}}" + "".join(f"{n:14,}" for n in row)
