"""Zip files of which nothing is unpacked before its size is known, and little at once."""

import io
import zipfile
from contextlib import contextmanager

CHUNK = 1_000_000  # bytes
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # zipfile unpacks others whole


class SmallReads(io.BufferedReader):
    """A file of which only little is read at once: not a zip directory of a million members."""

    def read(self, size=-1):
        if size > CHUNK:
            raise ValueError(f"{size} bytes at once")
        return super().read(size)


@contextmanager
def opened(raw):
    """Yield the `ZipFile` in a raw file or a `BytesIO`."""
    with SmallReads(raw) as file, zipfile.ZipFile(file) as archive:
        yield archive


def described(archive, name):
    """Return the `ZipInfo` of a member.

    Raises KeyError if it is missing, ValueError if it is packed in a way that cannot be bounded.
    """
    info = archive.getinfo(name)
    if info.compress_type not in METHODS:
        raise ValueError(f"{name} is neither stored nor deflated")
    return info


def content(archive, name, most):
    """Return the bytes of a member: as many as the directory says, whatever there is to unpack.

    Raises ValueError if those are more than `most`, or not what the checksum says.
    """
    info = described(archive, name)
    if info.file_size > most:
        raise ValueError(f"{name} has {info.file_size:,} bytes")
    with archive.open(info) as file:
        return b"".join(iter(lambda: file.read(CHUNK), b""))
