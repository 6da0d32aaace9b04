"""A picture file → a PIL image: raster formats alone, in bounded time and memory.

Pillow decodes. Its own loops read through a `PictureFile`, which ends them. What is one call of a
C library is bounded before, by the numbers that the file's header holds.
"""

import importlib
import io
import os
import re
import struct
import time
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from digits import UserError
from digits.command_line import stderr_to

LONGEST = 7  # seconds of decoding
MOST_READS = 1_000_000  # of one file: each may leave an object in memory
MOST_BYTES = 200_000_000  # of a file
MOST_THREADS = 4  # of an AVIF's decoder: each takes 8 MB
MOST_MEMORY = 450_000_000  # bytes that a decoder may claim; less of it is used
MOST_SIDE = 65_535  # pixels, as JPEG has it: a row takes memory, however short
MOST_PLAIN = 16_384  # bytes of a PPM at once: for plain text's comments, the square counts
MOST_SCANS = 100  # of a JPEG, which has ten: each takes 27 ms in 40 megapixels
MOST_SEGMENTS = 10_000  # of a JPEG
MOST_STRIPS = 500_000  # or tiles of a TIFF: 400 bytes of memory each
MOST_SHARED = 4  # sizes of a TIFF that its strips may have in all: they may share bytes
MOST_STRIP_BYTES = 250_000_000  # of one strip or tile, which libtiff holds in memory

TOO_LARGE = "the picture has too many pixels; save it smaller"
TOO_LONG = "the picture takes too long to read; save it anew as PNG or JPEG"
LARGE_FILE = "the file is too large for a picture; save it smaller"
UNKNOWN = "not a picture, or of an unknown kind; save it as PNG or JPEG"


class Format(NamedTuple):
    """A raster format: Pillow's module for it, and which files and how much of them are read.

    Its files have one of `starts` at the byte `at`, and `most_bytes`; a library that reads them
    whole holds them beside the picture. `most_pixels` may be in a file, `most_decoded`
    come out of the decoder, which for JPEG and JPEG 2000 may be fewer.
    """

    plugin: str
    suffixes: tuple[str, ...]
    starts: tuple[bytes, ...]
    at: int = 0
    most_bytes: int = MOST_BYTES
    most_pixels: int = 40_000_000
    most_decoded: int = 40_000_000


# Of all that Pillow knows, what phones, scanners, browsers and paint programs write. Others are
# vector graphics, start another program (EPS: Ghostscript) or are of games and telescopes.
# Measured per megapixel on one core of an AMD EPYC: JPEG 2000 takes 0.6 s and 24 MB, WebP 0.09 s
# and 18 MB, AVIF 0.13 s and 13 MB (of eight bits), plain text 0.4 s, the others up to 0.13 s and
# 12 MB. (A PPM whose white is neither 255 nor 65,535 is decoded in Python: `MOST_READS` ends it.)
FORMATS = {
    "JPEG": Format(
        "JpegImagePlugin",
        (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
        (b"\xff\xd8\xff",),
        most_pixels=89_000_000,
    ),
    "PNG": Format("PngImagePlugin", (".png",), (b"\x89PNG\r\n\x1a\n",)),
    "GIF": Format("GifImagePlugin", (".gif",), (b"GIF87a", b"GIF89a")),
    "BMP": Format("BmpImagePlugin", (".bmp",), (b"BM",)),
    "TIFF": Format(
        "TiffImagePlugin",
        (".tif", ".tiff"),
        (b"II*\0", b"MM\0*", b"II\0*", b"MM*\0", b"II+\0", b"MM\0+"),
    ),
    "WEBP": Format(
        "WebPImagePlugin",
        (".webp",),
        (b"WEBP",),
        at=8,
        most_bytes=80_000_000,
        most_pixels=20_000_000,
        most_decoded=20_000_000,
    ),
    "AVIF": Format(
        "AvifImagePlugin",
        (".avif",),
        (b"ftypavif", b"ftypavis", b"ftypmif1", b"ftypmsf1"),
        at=4,
        most_bytes=80_000_000,
        most_pixels=20_000_000,
        most_decoded=20_000_000,
    ),
    "JPEG2000": Format(
        "Jpeg2KImagePlugin",
        (".jp2", ".j2k", ".jpx"),
        (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"),
        most_decoded=8_000_000,
    ),
    "PPM": Format(
        "PpmImagePlugin",
        (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
        (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"Pf"),
    ),
}
START = 16  # bytes that tell a format

# What stands in headers: markers of JPEG (ITU T.81, table B.1) and JPEG 2000, tags of TIFF
MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd8\xff])")  # those that have a segment
SEQUENTIAL = {0xC0, 0xC1, 0xC9}
FRAMES = SEQUENTIAL | {0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
SCAN, END, CODING = 0xDA, 0xD9, 0x52
LONGEST_HEAD = 1_000_000  # bytes of a JPEG 2000 in which its coding is told
BIG_TIFF, PLACES_OF_STRIPS = 43, {273, 324}
BYTES_OF_STRIPS = 279, 325
BITS, ROWS_PER_STRIP, TILE_WIDTH, TILE_LENGTH = 258, 278, 322, 323

SUFFIXES = {suffix for each in FORMATS.values() for suffix in each.suffixes}


class PictureFile(io.BufferedReader):
    """A file to read a picture from, which raises UserError once that has taken too long."""

    def __init__(self, path):
        super().__init__(io.FileIO(path))
        self.deadline, self.reads_left = time.monotonic() + LONGEST, MOST_READS
        self.most_at_once = MOST_BYTES

    def read(self, size=-1):
        self.reads_left -= 1
        if self.reads_left < 0 or time.monotonic() > self.deadline:
            raise UserError(TOO_LONG)
        return super().read(min(size, self.most_at_once))


@contextmanager
def opened(path):
    """Yield a `PictureFile`, with which Pillow's C libraries are silent.

    They report what is odd on file descriptor 2 itself, libtiff each line that it cannot decode.
    """
    with (
        open(os.devnull, "wb") as nowhere,  # noqa: PTH123
        stderr_to(nowhere.fileno()),
        PictureFile(path) as file,
    ):
        yield file


def loaded(file, side):
    """Return the picture in a `PictureFile` as a PIL image, loaded.

    A JPEG or JPEG 2000 may come out of it smaller, by a factor that is its `info["reduced"]`, but
    not below `side` pixels each way. Raises UserError if it is of no known kind or too much to
    decode, and whatever Pillow raises if it is damaged.
    """
    name = format_of(file)
    if os.fstat(file.fileno()).st_size > FORMATS[name].most_bytes:
        raise UserError(LARGE_FILE)
    with limited_memory(MOST_MEMORY):
        return decoded(name, file, side)


def decoded(name, file, side):
    """Return the picture in a file of a format, loaded. Raises what `loaded` does."""
    picture = with_header_alone(name, file)
    width, pixels = picture.width, picture.width * picture.height
    if max(picture.size) > MOST_SIDE or pixels > FORMATS[name].most_pixels:
        raise UserError(TOO_LARGE)
    if name in DECODED_PIXELS:
        pixels = DECODED_PIXELS[name](picture, file, side)
    if pixels > FORMATS[name].most_decoded:
        raise UserError(TOO_LARGE)
    picture.load()
    if name == "JPEG2000":
        picture.reduce = 0  # which hides the method of that name
    picture.info["reduced"] = width / picture.width
    return picture


@contextmanager
def limited_memory(size):
    """Let this process have so many bytes more in this block; beyond, a decoder fails.

    Some formats do not say in the header what they take. Linux alone keeps to such a limit.
    """
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[5])  # of data that it may write
    except (ImportError, OSError):
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_DATA)
    most = pages * resource.getpagesize() + size
    if resource.RLIM_INFINITY != before[0] < most:
        most = before[0]
    resource.setrlimit(resource.RLIMIT_DATA, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def format_of(file):
    """Return the name of the format that a file is of by its first bytes, whatever it is called."""
    start = file.read(START)
    for name, each in FORMATS.items():
        if start[each.at :].startswith(each.starts):
            return name
    raise UserError(UNKNOWN)


def with_header_alone(name, file):
    """Return the PIL image in a file of that format, of which the header alone is read.

    `Image.open` does the same, after it has imported the modules of five formats, which takes 4 ms.
    """
    if name == "TIFF":
        require_few_strips(file)
    if name == "PPM":
        file.most_at_once = MOST_PLAIN
    try:
        plugin = importlib.import_module(f"PIL.{FORMATS[name].plugin}")
        if name == "AVIF":
            plugin.DEFAULT_MAX_THREADS = MOST_THREADS
        factory, accepts = Image.OPEN[name]
        file.seek(0)
        if accepts(file.read(START)) is not True:  # a library that this Pillow is built without
            raise UserError(UNKNOWN)
        file.seek(0)
        return factory(file, "")
    except (ImportError, SyntaxError, IndexError, TypeError, struct.error) as error:
        raise UserError(UNKNOWN) from error


def decoded_png_pixels(picture, _file, _side):
    """Return how many of a PNG's pixels are held.

    A colour that stands for transparent becomes a channel, which takes as much memory again.
    """
    pixels = picture.width * picture.height
    return 1.5 * pixels if picture.mode == "RGB" and "transparency" in picture.info else pixels


def decoded_jpeg_pixels(picture, file, side):
    """Have a JPEG decoded as small as `side` allows, and return how many of its pixels are held.

    Of one in several scans it is all, however small it comes out: six bytes for each in colour.
    """
    pixels = picture.width * picture.height
    picture.draft(None, (side, side))
    if in_one_scan(file):
        return picture.width * picture.height
    return pixels * max(len(picture.getbands()), 3) / 3


def in_one_scan(file):
    """Return whether a JPEG is decoded as it is read. Raises UserError if it has very many scans.

    Each scan is a pass over all the picture, and may take a few bytes of the file alone.
    """
    file.seek(0)
    content, scans, parts = file.read(), 0, 0
    for n, (marker, place) in enumerate(segments(content, 2)):
        if marker in FRAMES:
            parts = content[place + 7] if marker in SEQUENTIAL else None  # colours of the frame
        elif marker == SCAN:
            scans += 1
            if content[place + 2] == parts:  # all of them at once
                return True
        if scans > MOST_SCANS or n > MOST_SEGMENTS:
            raise UserError(TOO_LONG)
    return False


def segments(content, place):
    """Yield the marker of each segment of a JPEG or JPEG 2000 from a place on, and where it begins.

    What is coded between them is skipped. A segment begins with two bytes that hold its length.
    """
    while found := MARKER.search(content, place):
        marker, place = found[1][0], found.end()
        if marker == END:
            return
        yield marker, place
        place += int.from_bytes(content[place : place + 2], "big")


def decoded_jpeg_2000_pixels(picture, file, side):
    """Have a JPEG 2000 decoded as small as `side` allows, and return how many pixels come out."""
    wanted = max(1, min(picture.size) // side).bit_length() - 1
    halvings = min(wanted, most_halvings(file))
    picture.reduce = halvings
    return picture.width * picture.height / 4**halvings


def most_halvings(file):
    """Return how often a JPEG 2000 can be halved before it is decoded."""
    file.seek(0)
    head = file.read(LONGEST_HEAD)
    start = head.find(b"\xff\x4f\xff\x51")
    found = islice(segments(head, start + 2), MOST_SEGMENTS)
    return next((head[place + 7] for marker, place in found if marker == CODING), 0)


def require_few_strips(file):
    """Raise UserError if a TIFF has very many strips or tiles: Pillow lists them all."""
    start = file.seek(0) or file.read(START)
    order = "little" if start[:2] == b"II" else "big"
    wide = start[2] == BIG_TIFF
    file.seek(int.from_bytes(start[8:16] if wide else start[4:8], order))
    tags = int.from_bytes(file.read(8 if wide else 2), order)
    size, count = (20, slice(4, 12)) if wide else (12, slice(4, 8))
    for _ in range(tags):
        tag = file.read(size)
        many = int.from_bytes(tag[count], order) > MOST_STRIPS
        if many and int.from_bytes(tag[:2], order) in PLACES_OF_STRIPS:
            raise UserError(TOO_LONG)
        if not tag:  # the file ends too soon, as Pillow will find
            return


def decoded_tiff_pixels(picture, file, _side):
    """Return how many pixels a TIFF has. Raises UserError if its strips or tiles are too large.

    One may be larger than the picture, and all together may be many times the file.
    """
    width, height = picture.size
    tags = picture.tag_v2
    rows = min(tags.get(ROWS_PER_STRIP, height), max(picture.size))
    pixels = tags.get(TILE_WIDTH, width) * tags.get(TILE_LENGTH, rows)
    is_compressed = picture.info["compression"] != "raw"
    if is_compressed and pixels * sum(tags.get(BITS, (1,))) / 8 > MOST_STRIP_BYTES:
        raise UserError(TOO_LARGE)
    read = sum(sum(tags.get(tag, ())) for tag in BYTES_OF_STRIPS)
    if read > MOST_SHARED * os.fstat(file.fileno()).st_size:
        raise UserError(TOO_LONG)
    return width * height


DECODED_PIXELS = {
    "PNG": decoded_png_pixels,
    "JPEG": decoded_jpeg_pixels,
    "JPEG2000": decoded_jpeg_2000_pixels,
    "TIFF": decoded_tiff_pixels,
}
