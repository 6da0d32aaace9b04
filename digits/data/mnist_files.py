"""Read images and labels from an .npz or from IDX files.

Types and sizes are checked in the headers, before any data is unpacked.
"""

import io
import math
import struct
import warnings
import zlib
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from digits import UserError, files
from digits.files import LONGEST_QUOTE, printable, special_kind, why_unreadable

MOST_IMAGES = 500_000  # 392 MB
IDX_NAMES = {"train": "train", "test": "t10k"}
IDX_START, GZIP_START = b"\0\0\x08", b"\x1f\x8b"  # 8: unsigned bytes
GZIP_FORMAT = zlib.MAX_WBITS | 16  # zlib's wbits for gzip
ANOTHER = "name another with --data"


class Header(NamedTuple):
    """The type and shape of an array, and the offset of its data in bytes."""

    dtype: np.dtype
    shape: tuple[int, ...]
    offset: int

    @property
    def file_size(self):
        return self.offset + self.dtype.itemsize * math.prod(self.shape)


def read(path, part):
    """Return the images, uint8 (n, 28, 28), and labels, integers (n,), of `part` at `path`.

    That is an .npz in Keras's layout, a folder of the four IDX files, gzipped or not, or one of
    them. Raises UserError if they are missing, damaged or of other types or shapes.
    """
    require_ordinary(path)
    if path.is_dir():
        return read_idx(path, part)
    with guarded(path), path.open("rb") as file:
        is_idx = file.read(3).startswith((IDX_START, GZIP_START))
    return read_idx(path.parent, part) if is_idx else read_npz(path, part)


def require_ordinary(path):
    """Raise UserError for an empty file, and for what may never end, like a named pipe."""
    with guarded(path):
        kind, is_empty = special_kind(path), path.is_file() and path.stat().st_size == 0
    if kind:
        raise cannot_read(path, f"it is {kind}, not a file; {ANOTHER}")
    if is_empty:  # files in /proc say so, too, and some never end
        raise cannot_read(path, f"it is empty; {ANOTHER}")


@contextmanager
def guarded(path):
    """Turn any exception into a UserError about a data file."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # zipfile, NumPy and zlib raise many kinds
        damaged = "it is damaged or not in MNIST's format; get it anew"
        refused = "{}; name data that can be read with --data"
        raise cannot_read(path, why_unreadable(error, refused, damaged)) from error


def cannot_read(path, why):
    return UserError(f"cannot read MNIST from {path}: {why}")


def lacking(what, path):
    return cannot_read(path, f"it lacks {what}; get all of MNIST, or {ANOTHER}")


def require_layout(images, labels, part, path):
    count = images.shape[0] if images.shape else 0
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
        found = f"images are {images.dtype} {images.shape}, not uint8 (n, 28, 28)"
    elif not 0 < count <= MOST_IMAGES:
        found = f"images are {count:,}, not 1 to {MOST_IMAGES:,}"
    elif labels.dtype.kind not in "ui" or labels.shape != (count,):
        found = f"labels are {labels.dtype} {labels.shape}, not integers ({count},)"
    else:
        return
    what = f"{part} {printable(found)[:LONGEST_QUOTE]}"
    raise UserError(f"{path} is not in MNIST's layout: {what}; {ANOTHER}")


def read_npz(path, part):
    names = [f"x_{part}.npy", f"y_{part}.npy"]
    with guarded(path), files.open_zip(io.FileIO(path)) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about headers that Python 2 wrote
        for name in names:
            if name not in archive.namelist():
                raise lacking(f"the array {name.removesuffix('.npy')}", path)
        require_layout(*(npy_header(archive, name) for name in names), part, path)
        return [np.lib.format.read_array(archive.open(name), allow_pickle=False) for name in names]


def npy_header(archive, name):
    """Return the `Header` of an array in an open .npz. Its size must be that of the member."""
    member = files.zip_member(archive, name)
    with archive.open(member) as file:
        if np.lib.format.read_magic(file) != (1, 0):  # later versions are for structured arrays
            raise ValueError("no plain array")
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        header = Header(dtype, shape, file.tell())
    if dtype.kind in "ui" and header.file_size != member.file_size:
        raise ValueError("header and size differ")
    return header


def read_idx(folder, part):
    """Return the arrays (images, labels) of a folder of IDX files (yann.lecun.com/exdb/mnist)."""
    images = idx_path(folder, f"{IDX_NAMES[part]}-images", "idx3-ubyte")
    labels = idx_path(folder, f"{IDX_NAMES[part]}-labels", "idx1-ubyte")
    headers = idx_header(images), idx_header(labels)
    require_layout(*headers, part, folder)
    return idx_array(images, headers[0]), idx_array(labels, headers[1])


def idx_path(folder, name, kind):
    """Return the path of an IDX file in `folder`, in whichever of its usual spellings."""
    names = [f"{name}{join}{kind}{ending}" for join in "-." for ending in ("", ".gz")]
    found = [folder / each for each in names if (folder / each).exists()]
    if not found:
        raise lacking(f"{names[0]}, gzipped or not", folder)
    require_ordinary(found[0])
    return found[0]


def idx_header(path):
    with guarded(path):
        start = content(path, 4)
        if not start.startswith(IDX_START):
            raise ValueError("not an IDX file of unsigned bytes")
        offset = 4 + 4 * start[3]
        shape = struct.unpack(f">{start[3]}I", content(path, offset)[4:])
        return Header(np.dtype(np.uint8), shape, offset)


def idx_array(path, header):
    """Return the array of an IDX file, which must be exactly as long as its `Header` says."""
    with guarded(path):
        values = content(path, header.file_size + 1)  # reshape refuses one more and one less
        return np.frombuffer(values, header.dtype, offset=header.offset).reshape(header.shape)


def content(path, most):
    """Return the first `most` bytes of a file, unpacked if it is gzipped."""
    with path.open("rb") as file:
        return gunzipped(file, most) if file.peek(2).startswith(GZIP_START) else file.read(most)


def gunzipped(file, most):
    """Return the first `most` bytes in a gzip file; Python's `gzip` may take very long for them."""
    unzip, values = zlib.decompressobj(GZIP_FORMAT), bytearray()
    while len(values) < most and not unzip.eof:
        packed = unzip.unconsumed_tail or file.read(files.CHUNK)
        unpacked = unzip.decompress(packed, min(files.CHUNK, most - len(values)))
        if not packed and not unpacked:
            raise EOFError("cut short")
        values += unpacked
    return values
