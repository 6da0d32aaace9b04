#!/usr/bin/env python3
"""Damage pictures of every format at random, read them, and count the outcomes.

Whatever a file holds, the reader answers it or refuses it in a sentence. A file with which it does
anything else, takes over 10 seconds or 500 MB, or writes to stderr, stays in the folder named
first, and the exit status is 1.
"""

import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]  # of which python -I knows neither

from damaging import add_count_and_seed, damaged, read_all

from digits.command_line import Parser, add_model, model_or_default, run

EXAMPLES = """\
  python benchmarks/damage_pictures.py
  python benchmarks/damage_pictures.py 20000 --seed 2"""

SIDE = 160  # pixels of the picture that is damaged
KINDS = {  # by the end of a name: a mode, a format, and how it is saved
    "1.png": ("1", "PNG", {}),
    "8.png": ("L", "PNG", {}),
    "16.png": ("I;16", "PNG", {}),
    "palette.png": ("P", "PNG", {"transparency": 0}),
    "colour.png": ("RGB", "PNG", {}),
    "opacity.png": ("RGBA", "PNG", {}),
    "baseline.jpg": ("RGB", "JPEG", {}),
    "progressive.jpg": ("RGB", "JPEG", {"progressive": True}),
    "cmyk.jpg": ("CMYK", "JPEG", {"progressive": True}),
    "palette.gif": ("P", "GIF", {}),
    "1.bmp": ("1", "BMP", {}),
    "colour.bmp": ("RGB", "BMP", {}),
    "raw.tif": ("RGB", "TIFF", {}),
    "lzw.tif": ("RGB", "TIFF", {"compression": "tiff_lzw"}),
    "deflate.tif": ("L", "TIFF", {"compression": "tiff_adobe_deflate"}),
    "jpeg.tif": ("RGB", "TIFF", {"compression": "jpeg"}),
    "group4.tif": ("1", "TIFF", {"compression": "group4"}),
    "float.tif": ("F", "TIFF", {}),
    "16.tif": ("I;16", "TIFF", {"compression": "tiff_lzw"}),
    "lossy.webp": ("RGB", "WEBP", {}),
    "lossless.webp": ("RGBA", "WEBP", {"lossless": True}),
    "colour.avif": ("RGB", "AVIF", {"speed": 10}),
    "opacity.avif": ("RGBA", "AVIF", {"speed": 10}),
    "colour.jp2": ("RGB", "JPEG2000", {}),
    "16.jp2": ("I;16", "JPEG2000", {}),
    "4.pbm": ("1", "PPM", {}),
    "5.pgm": ("L", "PPM", {}),
    "6.ppm": ("RGB", "PPM", {}),
    "float.pfm": ("F", "PPM", {}),
}
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]


def main():
    arguments = parse()
    from digits.network import predictor
    from digits.page import pipeline

    predict = predictor.load(model_or_default(arguments.model), arguments.trust)
    wholes = whole_pictures()
    names = sorted(wholes)

    def make(number, random, folder):
        name = names[number % len(names)]
        path = folder / name
        path.write_bytes(damaged(wholes[name], random))
        return path

    def read(path):
        answer = pipeline.answer_to_picture(path, predict)
        if answer.error and pipeline.FAILED in answer.error:
            raise RuntimeError(answer.error)
        return answer.status

    return read_all(make, read, arguments)


def parse():
    parser = Parser(__doc__, EXAMPLES)
    add_count_and_seed(parser, 5000)
    add_model(parser)
    return parser.parse_args()


def whole_pictures():
    """Return pictures of every format that is read and this Pillow writes: bytes by name."""
    page = Image.open(ROOT / "examples" / "pencil_7.jpg").convert("RGB").resize((SIDE, SIDE))
    grey = np.asarray(page.convert("L"))
    wholes = {name: saved(page, *kind) for name, kind in KINDS.items()}
    wholes |= {f"plain{n}.ppm": plain(n, page) for n in (1, 2, 3)}
    wholes |= {path.name: path.read_bytes() for path in (ROOT / "examples").glob("*_[0-9].*")}
    wholes |= {"interlaced.png": interlaced(grey), "tiled.tif": tiled(grey)}
    return {name: content for name, content in wholes.items() if content}


def saved(page, mode, name, options):
    """Return a page as a file of a mode and a format, or None if this Pillow has no such."""
    file = io.BytesIO()
    try:
        in_mode(page, mode).save(file, name, **options)
    except (KeyError, OSError):
        return None
    return file.getvalue()


def in_mode(page, mode):
    """Return a PIL image in another mode, with all the depth that it has."""
    if mode == "I;16":
        return Image.fromarray(np.asarray(page.convert("L")).astype(np.uint16) * 257)
    if mode == "F":
        return Image.fromarray(np.asarray(page.convert("L"), np.float32) / 255)
    if mode == "RGBA":
        page = page.copy()
        page.putalpha(ImageOps.invert(page.convert("L")))
    return page.convert(mode, dither=Image.Dither.NONE)


def plain(kind, page):
    """Return a page as plain text: 1 black and white, 2 grey, 3 colour."""
    values = np.asarray(in_mode(page, {1: "1", 2: "L", 3: "RGB"}[kind])).astype(int).ravel()
    head = f"P{kind} {page.width} {page.height}{'' if kind == 1 else ' 255'}\n"
    return (head + " ".join(map(str, values))).encode()


def interlaced(grey):
    """Return grey, uint8 (h, w), as an interlaced PNG, which Pillow does not write."""
    passes = [grey[top::down, left::across] for top, left, down, across in [*ADAM7, (1, 0, 2, 1)]]
    rows = b"".join(b"\0" + row.tobytes() for each in passes for row in each if row.size)
    header = struct.pack(">IIBBBBB", *grey.shape[::-1], 8, 0, 0, 0, 1)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def tiled(grey):
    """Return grey, uint8 (h, w), as a TIFF of one compressed tile, which Pillow does not write."""
    height, width = grey.shape
    pixels = zlib.compress(grey.tobytes())
    tags = {256: width, 257: height, 258: 8, 259: 8, 262: 1, 277: 1, 322: width, 323: height}
    tags |= {324: 8 + 2 + 12 * (len(tags) + 2) + 4, 325: len(pixels)}  # where the tile begins, ends
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    return head + entries + bytes(4) + pixels


def chunk(kind, data):
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    run(main)
