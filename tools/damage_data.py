#!/usr/bin/env python3
"""Damage data files at random, read them, and count what becomes of them: a minute.

Whatever a file holds, its images are read or it is refused in a sentence. A traceback, more than
10 s, more than 500 MB or a word on stdout or stderr ends this script with an exit status other
than 0, and the file that did it stays in the folder named first. Needs a system that tells a
process's memory, as Linux and macOS do.
"""

import faulthandler
import gzip
import io
import os
import resource
import shutil
import struct
import sys
import tempfile
import time
import zipfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from digits import mnist
from digits.command_line import Parser, run, say, whole_number
from digits.errors import UserError

EXAMPLES = """\
  python tools/damage_data.py
  python tools/damage_data.py 20000 --seed 2"""

MOST_SECONDS, MOST_MEGABYTES = 10, 500
LINUX_STATUS = Path("/proc/self/status")
MOST_BYTES = 40  # that are changed in one file
HEADER = 160  # bytes at either end of a file that hold its sizes
HOSTILE = (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)
IMAGES = 200
ZEROS = 600  # megabytes of zeros behind the images, in a file that is small
SHARE_WITH_ZEROS, SHARE_HOSTILE, SHARE_CUT = 0.02, 0.1, 0.2

ZIP_METHODS = {
    ".npz, stored": zipfile.ZIP_STORED,
    ".npz, deflated": zipfile.ZIP_DEFLATED,
    ".npz, bzip2": zipfile.ZIP_BZIP2,
    ".npz, lzma": zipfile.ZIP_LZMA,
}
KINDS = (*ZIP_METHODS, "IDX", "IDX, gzipped")
WITH_ZEROS = (".npz, deflated", "IDX, gzipped")  # the others are large or slow to write
NPZ_NAMES = ("x_test.npy", "y_test.npy")
IDX_NAMES = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def main():
    arguments = parse()
    random, counts, slowest = np.random.default_rng(arguments.seed), Counter(), 0.0
    folder = Path(tempfile.mkdtemp())
    say(f"one after another in {folder}")
    for number in range(arguments.count):
        kind = KINDS[number % len(KINDS)]
        path = damaged_data(kind, random, folder / "data")
        started = time.perf_counter()
        counts[kind, outcome(path)] += 1
        slowest = max(slowest, time.perf_counter() - started)
        require_little(path, time.perf_counter() - started)
        shutil.rmtree(folder)
    print("\n".join(table(counts)))
    print(f"the slowest took {slowest:.2f} s; memory came to {megabytes():.0f} MB")
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    count, seed = whole_number(1, 1_000_000), whole_number(0, 2**32 - 1)
    parser.add_argument("count", type=count, nargs="?", default=1500, metavar="N", help="files")
    parser.add_argument("--seed", type=seed, default=1, metavar="N", help="decides all chance")
    return parser.parse_args()


def outcome(path):
    """Return what becomes of the data at `path`: it is read, or refused in one of two ways."""
    with silence_required(path):
        try:
            mnist.load("test", path)
        except UserError as error:
            return "other layout" if "layout" in str(error) else "damaged"
    return "read"


@contextmanager
def silence_required(path):
    """Raise UserError if anything is written to stdout or stderr in this block.

    What does not end in time is ended, with where it was.
    """
    terminals = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as held:
        faulthandler.dump_traceback_later(MOST_SECONDS, exit=True, file=terminals[1])
        try:
            sys.stdout.flush()
            for number in (1, 2):
                os.dup2(held.fileno(), number)
            yield
        finally:
            sys.stdout.flush()
            faulthandler.cancel_dump_traceback_later()
            for number, terminal in enumerate(terminals, 1):
                os.dup2(terminal, number)
                os.close(terminal)
        if os.fstat(held.fileno()).st_size:
            raise UserError(f"reading {path} printed something: look at it there")


def require_little(path, seconds):
    """Raise UserError if the last file took too long, or memory has come to too much."""
    if seconds > MOST_SECONDS or megabytes() > MOST_MEGABYTES:
        raise UserError(
            f"reading {path} took {seconds:.1f} s and {megabytes():.0f} MB: look at it there"
        )


def megabytes():
    """Return the most memory that this process has had; Linux's ru_maxrss is also its parent's."""
    if LINUX_STATUS.exists():
        lines = dict(line.split(":", 1) for line in LINUX_STATUS.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1_000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000_000


def damaged_data(kind, random, folder):
    """Write data of a kind, in some way damaged, to a new folder, and return what to read it by."""
    folder.mkdir(parents=True)
    zeros = ZEROS if kind in WITH_ZEROS and random.random() < SHARE_WITH_ZEROS else 0
    contents = [
        header(kind, shape, random) + random.integers(0, 10, shape, np.uint8).tobytes()
        for shape in ((IMAGES, 28, 28), (IMAGES,))
    ]
    if random.random() < 0.5:  # before they are packed
        contents[0] = damaged(contents[0], random)
    paths = (write_npz if kind in ZIP_METHODS else write_idx)(kind, contents, zeros, folder)
    if random.random() < 0.5:
        paths[0].write_bytes(damaged(paths[0].read_bytes(), random))
    return paths[0] if kind in ZIP_METHODS or random.random() < 0.1 else folder


def header(kind, shape, random):
    """Return the header of an array of bytes, in which some sizes may be hostile."""
    sizes = [random.choice(HOSTILE) if random.random() < SHARE_HOSTILE else n for n in shape]
    if kind not in ZIP_METHODS:
        return struct.pack(f">HBB{len(sizes)}I", 0, 8, len(sizes), *sizes)
    file = io.BytesIO()
    description = {"descr": "|u1", "fortran_order": False, "shape": tuple(map(int, sizes))}
    np.lib.format.write_array_header_1_0(file, description)
    return file.getvalue()


def write_npz(kind, contents, zeros, folder):
    """Write contents as an .npz, each with megabytes of zeros behind it; return its path."""
    path = folder / "data.npz"
    with zipfile.ZipFile(path, "w", ZIP_METHODS[kind], compresslevel=1) as archive:
        for name, content in zip(NPZ_NAMES, contents, strict=True):
            with archive.open(name, "w", force_zip64=True) as file:
                write(file, content, zeros)
    return [path]


def write_idx(kind, contents, zeros, folder):
    """Write contents as IDX files, each with megabytes of zeros behind it; return their paths."""
    opener, ending = (gzip.open, ".gz") if "gzipped" in kind else (open, "")
    paths = [folder / f"{name}{ending}" for name in IDX_NAMES]
    for path, content in zip(paths, contents, strict=True):
        with opener(path, "wb") as file:
            write(file, content, zeros)
    return paths


def write(file, content, zeros):
    """Write a content, and megabytes of zeros behind it."""
    file.write(content)
    for _ in range(zeros):
        file.write(bytes(1_000_000))


def damaged(whole, random):
    """Return bytes of which some, or a number at either end, are others, or which end too soon."""
    content, chance = bytearray(whole), random.random()
    if chance < SHARE_CUT:
        return content[: random.integers(len(content))]
    at_ends = np.r_[:HEADER, len(content) - HEADER : len(content) - 4]
    for _ in range(random.integers(1, MOST_BYTES + 1) if chance < 0.6 else 1):
        if chance < 0.6:
            content[random.integers(len(content))] = random.integers(256)
        else:
            place, order = random.choice(at_ends), random.choice([">I", "<I"])
            struct.pack_into(order, content, place, int(random.choice(HOSTILE)))
    return content


def table(counts):
    """Yield the lines of a table: how many of each kind came to what."""
    outcomes = sorted({outcome for _, outcome in counts})
    yield f"{'':16}" + "".join(f"{outcome:>14}" for outcome in outcomes)
    for kind in KINDS:
        yield f"{kind:16}" + "".join(f"{counts[kind, outcome]:14,}" for outcome in outcomes)


if __name__ == "__main__":
    run(main)
