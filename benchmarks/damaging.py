"""Shared code of the benchmarks that damage files at random and count the outcomes."""

import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from digits.command_line import say, stderr_to, whole_number

MOST_BYTES = 40  # that are changed in one file
SHARE_CUT = 0.3  # of the files end too soon
SHARE_HOSTILE = 0.3  # of the files have numbers in their header that no honest file has
HEADER = 200  # bytes of a file, in which its sizes and counts stand
HOSTILE = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
MOST_HOSTILE = 3  # numbers in one file

LONGEST = 10  # seconds for a file
MOST_MEMORY = 500  # MB


def damaged(whole, random):
    """Return bytes with some of them changed, and now and then without the end."""
    content = np.frombuffer(whole, np.uint8).copy()
    if random.random() < SHARE_HOSTILE:
        set_hostile_numbers(content, random)
    else:
        places = random.integers(0, len(whole), random.integers(1, MOST_BYTES + 1))
        content[places] = random.integers(0, 256, len(places))
    cut = random.integers(1, len(whole)) if random.random() < SHARE_CUT else len(whole)
    return content[:cut].tobytes()


def set_hostile_numbers(content, random):
    """Put numbers of 16 or 32 bits, of either byte order, into the header: uint8 (n,), in place."""
    for _ in range(random.integers(1, MOST_HOSTILE + 1)):
        size, order = (2, 4)[random.integers(2)], ("little", "big")[random.integers(2)]
        number = HOSTILE[random.integers(len(HOSTILE))] % 256**size
        place = random.integers(0, max(1, min(HEADER, len(content)) - size))
        field = np.frombuffer(number.to_bytes(size, order), np.uint8)
        content[place : place + size] = field[: len(content) - place]


class Watch:
    """The outcomes of files that were read one after another.

    `read` takes a path, and returns a word for what became of the file or raises what no reader
    should. `faults` are the paths of files with which something is wrong, and what.
    """

    def __init__(self, read):
        self.read, self.counts, self.faults, self.slowest = read, Counter(), [], 0.0

    def take(self, path):
        """Read a file, and return whether nothing is wrong."""
        memory, started = peak_memory(), time.perf_counter()
        with lines_to_stderr() as lines:
            outcome, faults = self.outcome(path)
        seconds = time.perf_counter() - started
        self.counts[outcome] += 1
        self.slowest = max(self.slowest, seconds)
        if seconds > LONGEST:
            faults.append(f"took {seconds:.1f} s")
        if memory <= MOST_MEMORY < peak_memory():
            faults.append(f"took {peak_memory():.0f} MB")
        strange = [line for line in lines if path.name not in line]  # ours name the file
        if strange:
            faults.append(f"wrote {len(strange)} lines to stderr: {strange[0]}")
        if faults:
            self.faults.append((path, "; ".join(faults)))
        return not faults

    def outcome(self, path):
        """Return the outcome of a file, and a list of what is wrong with it."""
        try:
            return self.read(path), []
        except Exception as error:  # noqa: BLE001
            return "exception", [f"{type(error).__name__}: {error}"]

    def lines(self):
        """Yield the lines of a table: files by outcome, and the most time and memory."""
        for outcome, count in self.counts.most_common():
            yield f"{outcome:12} {count:6,}"
        yield f"the slowest took {self.slowest:.2f} s, all of them {peak_memory():.0f} MB at most"
        for path, what in self.faults:
            yield f"{path}: {what}"


@contextmanager
def lines_to_stderr():
    """Yield a list that holds, after the block, the lines that it wrote to file descriptor 2."""
    lines = []
    with tempfile.TemporaryFile() as held:
        with stderr_to(held.fileno()):
            yield lines
        held.seek(0)
        lines += held.read().decode(errors="replace").splitlines()


def peak_memory():
    """Return the most memory that this process has had, in MB; 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1e3
    except (OSError, TypeError):  # not Linux, whose `getrusage` counts the parent, too
        return resident_peak()


def resident_peak():
    """Return the same by the system's account of processes."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def add_count_and_seed(parser, count):
    """Add the options for the number of files and the random seed."""
    number, seed = whole_number(1, 1_000_000), whole_number(0, 2**32 - 1)
    parser.add_argument(
        "count", type=number, nargs="?", default=count, metavar="N", help="number of files"
    )
    parser.add_argument("--seed", type=seed, default=1, metavar="N", help="random seed")


def read_all(make, read, arguments):
    """Make files, read each, print the outcomes, and return the exit status.

    `make` takes a number, a random generator and an empty folder, and returns the path of a new
    file there; `read` is what a `Watch` takes. The folder of a file with a fault stays.
    """
    random, watch = np.random.default_rng(arguments.seed), Watch(read)
    folder = Path(tempfile.mkdtemp())
    say(f"one after another in {folder}")
    for number in range(arguments.count):
        place = folder / f"{number:05}"
        place.mkdir()
        if watch.take(make(number, random, place)):
            shutil.rmtree(place)
    for line in watch.lines():
        print(line)
    if not watch.faults:
        folder.rmdir()
    return 1 if watch.faults else 0
