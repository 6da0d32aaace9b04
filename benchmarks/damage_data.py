#!/usr/bin/env python3
"""Damage data files at random, read them, and count the outcomes: a minute.

Whatever a file holds, its images are read or it is refused in a sentence. A file with which
anything else is done, or that takes over 10 seconds or 500 MB or writes to stderr, stays in the
folder named first, and the exit status is 1.
"""

import gzip
import io
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]  # of which python -I knows neither

from damaging import HEADER, add_count_and_seed, damaged, read_all, set_hostile_numbers

from digits import UserError
from digits.command_line import Parser, run
from digits.data import mnist

EXAMPLES = """\
  python benchmarks/damage_data.py
  python benchmarks/damage_data.py 20000 --seed 2"""

HOSTILE = (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)
IMAGES = 200
ZEROS = 600  # megabytes of zeros behind the images, in a file that is small
SHARE_WITH_ZEROS, SHARE_HOSTILE = 0.02, 0.1

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
    return read_all(damaged_data, outcome, parse())


def parse():
    parser = Parser(__doc__, EXAMPLES)
    add_count_and_seed(parser, 1500)
    return parser.parse_args()


def outcome(path):
    """Return the outcome for the data at `path`: read, or one of two ways to refuse it."""
    try:
        mnist.load("test", path)
    except UserError as error:
        return "not MNIST's" if "layout" in str(error) else "damaged"
    return "read"


def damaged_data(number, random, folder):
    """Write data, in some way damaged, to a folder; return its file of images."""
    kind = KINDS[number % len(KINDS)]
    zeros = ZEROS if kind in WITH_ZEROS and random.random() < SHARE_WITH_ZEROS else 0
    contents = [
        header(kind, shape, random) + random.integers(0, 10, shape, np.uint8).tobytes()
        for shape in ((IMAGES, 28, 28), (IMAGES,))
    ]
    if random.random() < 0.5:  # before they are packed
        contents[0] = damaged(contents[0], random)
    path = (write_npz if kind in ZIP_METHODS else write_idx)(kind, contents, zeros, folder)
    if random.random() < 0.5:
        damage = damaged if random.random() < 0.5 else damaged_at_the_end
        path.write_bytes(damage(path.read_bytes(), random))
    return path


def damaged_at_the_end(whole, random):
    """Return bytes with other numbers at the end, where a zip file lists what it holds."""
    content = np.frombuffer(whole, np.uint8).copy()
    set_hostile_numbers(content[-HEADER:], random)
    return content.tobytes()


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
    return path


def write_idx(kind, contents, zeros, folder):
    """Write contents as IDX files, each with zeros behind it; return the path of the images."""
    opener, ending = (gzip.open, ".gz") if "gzipped" in kind else (open, "")
    paths = [folder / f"{name}{ending}" for name in IDX_NAMES]
    for path, content in zip(paths, contents, strict=True):
        with opener(path, "wb") as file:
            write(file, content, zeros)
    return paths[0]


def write(file, content, zeros):
    """Write a content, and megabytes of zeros behind it."""
    file.write(content)
    for _ in range(zeros):
        file.write(bytes(1_000_000))


if __name__ == "__main__":
    run(main)
