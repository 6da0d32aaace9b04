"""A picture file → a PIL image: raster formats only, in bounded time and memory.

Pillow's own loops read through a `PictureFile`, which ends them. A call of a C library cannot be
ended, so the numbers in the file's header are checked before it.
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

MAX_SECONDS = 7  # of decoding
MAX_READS = 1_000_000  # of one file: each may leave an object in memory
MAX_BYTES = 200_000_000  # of a file
MAX_THREADS = 4  # of an AVIF's decoder: each takes 8 MB
MAX_MEMORY = 450_000_000  # bytes that a decoder may claim; less of it is used
MAX_SIDE = 65_535  # px, as in JPEG: a row takes memory, however short
MAX_PPM_BLOCK = 16_384  # bytes of a PPM at once: time grows with its square, for plain comments
MAX_SCANS = 100  # of a JPEG, which has ten: each takes 27 ms in 40 megapixels
MAX_MARKERS = 10_000  # in a JPEG, or before the coding style of a JPEG 2000
MAX_STRIPS = 500_000  # or tiles of a TIFF: 400 bytes of memory each
MAX_STRIP_BYTES = 250_000_000  # of one strip or tile, which libtiff holds in memory
MAX_STRIP_RATIO = 4  # of all strips to the TIFF's size: strips may share bytes
MAX_JPEG_2000_HEADER = 1_000_000  # bytes in which its coding style is found

TOO_LARGE = "the picture has too many pixels; save it smaller"
TOO_LONG = "the picture takes too long to read; save it anew as PNG or JPEG"
LARGE_FILE = "the file is too large for a picture; save it smaller"
UNKNOWN = "not a picture, or of an unknown kind; save it as PNG or JPEG"


class Format(NamedTuple):
    """A raster format: Pillow's plugin for it, how to tell it, and its limits."""

    plugin: str
    suffixes: str  # separated by spaces
    signature: bytes  # the regular expression of its first bytes
    max_bytes: int = MAX_BYTES
    max_pixels: int = 40_000_000
    max_decoded: int = 40_000_000  # pixels: JPEG and JPEG 2000 can be reduced as they are decoded


# What phones, scanners, browsers and paint programs write. Pillow's others are vector graphics,
# start another program (EPS: Ghostscript) or belong to games and telescopes. Measured per megapixel
# on one core of an AMD EPYC: JPEG 2000 0.6 s and 24 MB, WebP 0.09 s and 18 MB, AVIF 0.13 s and
# 13 MB (of eight bits), plain text 0.4 s, the others up to 0.13 s and 12 MB. (A PPM whose white is
# neither 255 nor 65,535 is decoded in Python, which `MAX_READS` ends.)
SLOW = {"max_bytes": 80_000_000, "max_pixels": 20_000_000}  # read whole, beside the picture
FORMATS = {
    "JPEG": Format("Jpeg", ".jpg .jpeg .jpe .jfif .mpo", rb"\xff\xd8\xff", max_pixels=89_000_000),
    "PNG": Format("Png", ".png", rb"\x89PNG\r\n\x1a\n"),
    "GIF": Format("Gif", ".gif", rb"GIF8[79]a"),
    "BMP": Format("Bmp", ".bmp", rb"BM"),
    "TIFF": Format("Tiff", ".tif .tiff", rb"(II|MM)(\*\0|\0\*)|II\+\0|MM\0\+"),
    "WEBP": Format("WebP", ".webp", rb".{8}WEBP", **SLOW),
    "AVIF": Format("Avif", ".avif", rb".{4}ftyp(avif|avis|mif1|msf1)", **SLOW),
    "JPEG2000": Format(
        "Jpeg2K", ".jp2 .j2k .jpx", rb"\xffO\xffQ|\0\0\0\x0cjP  \r\n\x87\n", max_decoded=8_000_000
    ),
    "PPM": Format("Ppm", ".ppm .pgm .pbm .pnm .pfm", rb"P[1-6f]"),
}
SUFFIXES = {suffix for each in FORMATS.values() for suffix in each.suffixes.split()}
SIGNATURE_BYTES = 16  # at a file's start, which hold every signature
BIG_TIFF = 43  # a TIFF's third byte, if its numbers have 64 bits
BITS, ROWS_PER_STRIP, TILE_WIDTH, TILE_LENGTH = 258, 278, 322, 323  # TIFF's tags
OFFSETS, BYTE_COUNTS = (273, 324), (279, 325)  # of strips and of tiles
# Markers of JPEG (ITU T.81, table B.1) and JPEG 2000
MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd8\xff])")  # of those that have a segment
SEQUENTIAL = {0xC0, 0xC1, 0xC9}
FRAMES = SEQUENTIAL | {0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
SCAN, END, CODING_STYLE = 0xDA, 0xD9, 0x52
CODESTREAM = b"\xffO\xffQ"  # the start of JPEG 2000's


class PictureFile(io.BufferedReader):
    """A picture's file, which raises UserError once reading it has taken too long."""

    def __init__(self, path):
        super().__init__(io.FileIO(path))
        self.deadline, self.reads_left = time.monotonic() + MAX_SECONDS, MAX_READS
        self.max_block = MAX_BYTES

    def read(self, size=-1):
        self.reads_left -= 1
        if self.reads_left < 0 or time.monotonic() > self.deadline:
            raise UserError(TOO_LONG)
        return super().read(min(size, self.max_block))

    def read_from_start(self, size=-1):
        self.seek(0)
        return self.read(size)

    def size(self):
        return os.fstat(self.fileno()).st_size


@contextmanager
def picture_file(path):
    """Yield a `PictureFile`; until it is closed, nothing that C libraries write to stderr shows."""
    with open(os.devnull, "wb") as nowhere, stderr_to(nowhere.fileno()), PictureFile(path) as file:  # noqa: PTH123
        yield file


def decoded(file, min_side):
    """Return the picture in a `PictureFile` as a PIL image, decoded.

    A JPEG or JPEG 2000 may be reduced by a factor, its `info["reduced"]`, to at least `min_side`
    pixels each way. Raises UserError if its format is unknown or it takes too much to decode, and
    whatever Pillow raises if it is damaged.
    """
    name = format_of(file)
    if file.size() > FORMATS[name].max_bytes:
        raise UserError(LARGE_FILE)
    with limited_memory(MAX_MEMORY):
        picture = with_header_only(name, file)
        width = picture.width
        require_few_pixels(picture, name, file, min_side)
        picture.load()
    if name == "JPEG2000":
        picture.reduce = 0  # a number, which hides the method of that name
    picture.info["reduced"] = width / picture.width
    return picture


def format_of(file):
    start = file.read(SIGNATURE_BYTES)
    for name, each in FORMATS.items():
        if re.match(each.signature, start, re.DOTALL):
            return name
    raise UserError(UNKNOWN)


@contextmanager
def limited_memory(size):
    """Let this process have `size` bytes more in this block; only Linux enforces the limit.

    Some formats do not say in the header what they take.
    """
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[5])  # of data, writable
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = pages * resource.getpagesize() + size
    limit = limit if soft == resource.RLIM_INFINITY else min(soft, limit)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def with_header_only(name, file):
    """Open a picture; `Image.open` first imports the modules of five formats: 4 ms."""
    if name == "TIFF":
        require_few_strips(file)
    if name == "PPM":
        file.max_block = MAX_PPM_BLOCK
    try:
        plugin = importlib.import_module(f"PIL.{FORMATS[name].plugin}ImagePlugin")
        if name == "AVIF":
            plugin.DEFAULT_MAX_THREADS = MAX_THREADS
        factory, accepts = Image.OPEN[name]
        if accepts(file.read_from_start(SIGNATURE_BYTES)) is not True:  # Pillow lacks the library
            raise UserError(UNKNOWN)
        file.seek(0)
        return factory(file, "")
    except (ImportError, SyntaxError, IndexError, TypeError, struct.error) as error:
        raise UserError(UNKNOWN) from error


def require_few_pixels(picture, name, file, min_side):
    is_small = max(picture.size) <= MAX_SIDE and pixels_of(picture) <= FORMATS[name].max_pixels
    decoded_pixels = DECODED_PIXELS.get(name, pixels_of)
    if not is_small or decoded_pixels(picture, file, min_side) > FORMATS[name].max_decoded:
        raise UserError(TOO_LARGE)


def decoded_png_pixels(picture, _file, _min_side):
    """Return how many pixels a decoded PNG takes the memory of: more, with a transparent colour."""
    becomes_rgba = picture.mode == "RGB" and "transparency" in picture.info
    return pixels_of(picture) * (1.5 if becomes_rgba else 1)


def decoded_jpeg_pixels(picture, file, min_side):
    """Have a JPEG decoded as small as `min_side` allows; return how many pixels are in memory."""
    pixels = pixels_of(picture)
    picture.draft(None, (min_side, min_side))
    if in_one_scan(file):
        return pixels_of(picture)
    return pixels * max(len(picture.getbands()), 3) / 3  # all, of six bytes each in colour


def in_one_scan(file):
    """Whether a JPEG has all its colours in one scan: a pass over the whole picture.

    Raises UserError if it has very many scans, each of which may take only a few bytes.
    """
    content, scans, colours = file.read_from_start(), 0, 0
    for n, (marker, place) in enumerate(marker_segments(content, 2)):
        if marker in FRAMES:
            colours = content[place + 7] if marker in SEQUENTIAL else None
        elif marker == SCAN:
            scans += 1
            if content[place + 2] == colours:
                return True
        if scans > MAX_SCANS or n > MAX_MARKERS:
            raise UserError(TOO_LONG)
    return False


def pixels_of(picture, *_):
    return picture.width * picture.height


def marker_segments(content, place):
    """Yield the marker and the place of each segment of a JPEG or JPEG 2000, from `place` on."""
    while found := MARKER.search(content, place):
        marker, place = found[1][0], found.end()
        if marker == END:
            return
        yield marker, place
        place += int.from_bytes(content[place : place + 2], "big")  # its length; data is skipped


def decoded_jpeg_2000_pixels(picture, file, min_side):
    """Have a JPEG 2000 decoded as small as `min_side` allows; return how many pixels come out."""
    header = file.read_from_start(MAX_JPEG_2000_HEADER)
    found = islice(marker_segments(header, header.find(CODESTREAM) + 2), MAX_MARKERS)
    most = next((header[place + 7] for marker, place in found if marker == CODING_STYLE), 0)
    halvings = min(most, max(1, min(picture.size) // min_side).bit_length() - 1)
    picture.reduce = halvings
    return pixels_of(picture) / 4**halvings


def require_few_strips(file):
    """Raise UserError if a TIFF has very many strips or tiles, of which Pillow makes a list."""
    start = file.read_from_start(SIGNATURE_BYTES)
    order = "little" if start[:2] == b"II" else "big"
    is_big = start[2] == BIG_TIFF
    file.seek(int.from_bytes(start[8:16] if is_big else start[4:8], order))
    tags = int.from_bytes(file.read(8 if is_big else 2), order)
    size, count = (20, slice(4, 12)) if is_big else (12, slice(4, 8))
    for _ in range(tags):
        tag = file.read(size)
        has_many = int.from_bytes(tag[count], order) > MAX_STRIPS
        if has_many and int.from_bytes(tag[:2], order) in OFFSETS:
            raise UserError(TOO_LONG)
        if not tag:  # the file ends too soon, as Pillow will find
            return


def decoded_tiff_pixels(picture, file, _min_side):
    """Return how many pixels a TIFF has. Raises UserError if its strips or tiles are too large."""
    tags, (width, height) = picture.tag_v2, picture.size
    rows = min(tags.get(ROWS_PER_STRIP, height), max(picture.size))
    bits = tags.get(TILE_WIDTH, width) * tags.get(TILE_LENGTH, rows) * sum(tags.get(BITS, (1,)))
    if picture.info["compression"] != "raw" and bits / 8 > MAX_STRIP_BYTES:
        raise UserError(TOO_LARGE)
    if sum(sum(tags.get(tag, ())) for tag in BYTE_COUNTS) > MAX_STRIP_RATIO * file.size():
        raise UserError(TOO_LONG)
    return pixels_of(picture)


DECODED_PIXELS = {
    "PNG": decoded_png_pixels,
    "JPEG": decoded_jpeg_pixels,
    "JPEG2000": decoded_jpeg_2000_pixels,
    "TIFF": decoded_tiff_pixels,
}
