"""No picture file runs a program, hangs, takes the machine's memory or writes to the terminal."""

import io
import os
import re
import socket
import struct
import subprocess
import sys
import zlib
from contextlib import nullcontext, suppress

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from digits import UserError
from digits.page import picture_formats, pictures

VECTORS_AND_STARTERS = {  # what Pillow hands to another program or draws, and what others would
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n",
    "EPS in DOS": struct.pack("<IIII", 0xC6D3D0C5, 30, 90, 0) + bytes(14) + b"%!PS-Adobe-3.0\n",
    "PDF": b"%PDF-1.4\n1 0 obj\n<</Type /Catalog>>\nendobj\n",
    "WMF": b"\xd7\xcd\xc6\x9a" + bytes(2) + struct.pack("<hhhhH", 0, 0, 9, 9, 96) + bytes(40),
    "EMF": b"\x01\0\0\0" + bytes(36) + b" EMF" + bytes(60),
    "MPEG": b"\0\0\x01\xb3\x01\x00\x10\x14" + bytes(20),
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(20),
    "GRIB": b"GRIB\0\0\0\x01" + bytes(20),
    "BUFR": b"BUFR\0\0\0\x04" + bytes(20),
    "SVG": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
}


@pytest.fixture
def programs(monkeypatch):
    """The programs that are started: they are noted and do not run."""
    started = []

    def start(program, *_arguments, **_options):
        started.append(program)
        raise OSError("no program may start")

    for name in ("Popen", "check_call", "check_output", "call", "run"):
        monkeypatch.setattr(subprocess, name, start)
    monkeypatch.setattr(os, "system", start)
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", "gs")
    return started


@pytest.mark.parametrize("content", VECTORS_AND_STARTERS.values(), ids=VECTORS_AND_STARTERS)
def test_what_would_start_a_program_is_no_picture(tmp_path, programs, content):
    (tmp_path / "seven.png").write_bytes(content)
    with pytest.raises(UserError, match="not a picture, or of an unknown kind"):
        pictures.load(tmp_path / "seven.png")
    assert not programs


def test_pillow_would_start_a_program_for_the_same_file(tmp_path, programs):
    (tmp_path / "seven.png").write_bytes(VECTORS_AND_STARTERS["EPS"])
    with pytest.raises(OSError, match="no program"), Image.open(tmp_path / "seven.png") as picture:
        picture.load()
    assert programs


def test_no_format_but_the_listed_raster_ones_is_read():
    assert set(picture_formats.FORMATS) == {
        *("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM")
    }
    Image.init()
    of_pillow = {suffix: name for suffix, name in Image.EXTENSION.items() if name in Image.OPEN}
    read = {name for suffix, name in of_pillow.items() if suffix in picture_formats.SUFFIXES}
    assert read <= {*picture_formats.FORMATS, "MPO"}


def rings(mode="RGB", side=120):
    """A PIL image of rings, dark on light."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    ring = 230 - 200 * (abs(np.hypot(x, y) - 0.6) < 0.1)
    return Image.fromarray(ring.astype(np.uint8)).convert(mode)


@pytest.mark.parametrize("name", picture_formats.FORMATS)
def test_every_format_is_known_by_its_content_alone(tmp_path, name):
    file = io.BytesIO()
    try:
        rings().save(file, name)
    except (KeyError, OSError):
        pytest.skip(f"this Pillow has no {name}")
    (tmp_path / "ring.txt").write_bytes(file.getvalue())
    picture = pictures.load(tmp_path / "ring.txt")
    assert np.abs(np.asarray(picture, int) - np.asarray(rings(), int)).mean() < 8


@pytest.mark.parametrize("suffix", sorted(picture_formats.SUFFIXES))
def test_what_a_folder_lists_is_what_is_read(tmp_path, suffix):
    (tmp_path / f"ring{suffix}").touch()
    Image.init()
    assert Image.EXTENSION.get(suffix, "PPM") in {*picture_formats.FORMATS, "MPO"}
    assert pictures.files_at(tmp_path) == [tmp_path / f"ring{suffix}"]


def pipe(path):
    os.mkfifo(path)


def unix_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def device(path):
    path.symlink_to("/dev/zero")


SPECIAL = {"a named pipe": pipe, "a socket": unix_socket, "a device": device}


@pytest.mark.skipif(os.name == "nt", reason="Windows has none in its folders")
@pytest.mark.parametrize("kind", SPECIAL)
def test_special_file_is_refused_and_the_rest_of_the_folder_is_read(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)  # the path of a socket may have some 100 characters
    SPECIAL[kind](tmp_path.joinpath("a.png").relative_to(tmp_path))
    rings().save("b.png")
    special, ordinary = pictures.files_at(tmp_path)
    with pytest.raises(UserError, match=f"^{kind}, not a picture; save"):
        pictures.load(special)
    assert pictures.load(ordinary).size == (120, 120)


def test_link_to_a_picture_is_read(tmp_path):
    rings().save(tmp_path / "ring.png")
    try:
        (tmp_path / "link.png").symlink_to(tmp_path / "ring.png")
    except OSError:
        pytest.skip("no links to make here")
    assert pictures.load(tmp_path / "link.png").size == (120, 120)


def test_path_with_a_nul_is_refused(tmp_path):
    path = tmp_path / "a\0b.png"
    assert pictures.files_at(path) == [path]
    with pytest.raises(UserError, match=r"cannot be read \(.*null.*\); check the path"):
        pictures.load(path)


def chunk(kind, data=b""):
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, *chunks):
    """Return a black grey PNG that may claim any size, with some chunks before its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = zlib.compress(bytes(min(height * (width + 1), 1_000_000)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IDAT", pixels)


def jpeg(picture, **options):
    file = io.BytesIO()
    picture.save(file, "JPEG", **options)
    return file.getvalue()


def jpeg_of_scans(count):
    """Return a progressive JPEG whose last scan comes again and again."""
    whole = jpeg(rings(), progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + count * last + whole[-2:]


def tiff(tags, data=b""):
    """Return a little-endian TIFF of tags, a number or a tuple of numbers each."""
    size = 8 + 2 + 12 * len(tags) + 4
    entries, beyond = b"", b""
    for tag, value in sorted(tags.items()):
        numbers = value if isinstance(value, tuple) else (value,)
        place = value if len(numbers) == 1 else size + len(beyond)
        beyond += struct.pack(f"<{len(numbers)}I", *numbers) if len(numbers) > 1 else b""
        entries += struct.pack("<HHII", tag, 4, len(numbers), int(place if numbers else 0))
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    return head + entries + bytes(4) + beyond + data


DEEP_BLACK = {256: 10, 257: 10, 258: 8, 262: 1, 277: 1}


def tiff_of_one_huge_tile():
    tile = {259: 8, 322: 30_000, 323: 30_000, 324: 8, 325: 100}
    return tiff({**DEEP_BLACK, **tile}, zlib.compress(bytes(1000)))


def tiff_of_strips_in_one_place():
    strips = {257: 100, 259: 8, 273: (8,) * 100, 278: 1, 279: (1000,) * 100}
    return tiff({**DEEP_BLACK, **strips}, zlib.compress(bytes(10)) + bytes(1000))


def gif_of_very_many_extensions():
    file = io.BytesIO()
    rings("P").save(file, "GIF")
    whole = file.getvalue()
    head = 13 + 3 * 2 ** (1 + whole[10] % 8)  # bytes: the screen and its colours
    return whole[:head] + b"\x21\xf9\x04\0\0\0\0\0" * MANY + whole[head:]


def jpeg_with(middle):
    whole = jpeg(rings())
    return whole[:2] + middle + whole[2:]


MANY = 30_000
HOSTILE = {
    "a JPEG of very many scans": (lambda: jpeg_of_scans(picture_formats.MAX_SCANS), "too long"),
    "a JPEG of very many segments": (lambda: jpeg_with(b"\xff\xe5\0\x02" * MANY), "too long"),
    "a JPEG of filling bytes": (lambda: jpeg_with(b"\xff" * MANY), "too long"),
    "a PNG of very many chunks": (lambda: png(9, 9, chunk(b"abCd") * MANY), "too long"),
    "a PNG of very long rows": (lambda: png(70_000, 5), "too many pixels"),
    "a PNG of very many rows": (lambda: png(1, 10**6), "too many pixels"),
    "a GIF of very many extensions": (gif_of_very_many_extensions, "too long"),
    "a PPM of a very long comment": (lambda: b"P2\n#" + b"a" * MANY + b"\n1 1 9 1", "too long"),
    "a PPM that Python decodes": (lambda: b"P6 200 200 99 " + bytes(120_000), "too long"),
    "a TIFF of strips in one place": (tiff_of_strips_in_one_place, "too long"),
    "a TIFF of one huge tile": (tiff_of_one_huge_tile, "too many pixels"),
}


@pytest.mark.parametrize(("content", "words"), HOSTILE.values(), ids=HOSTILE)
def test_what_would_take_very_long_is_refused(tmp_path, monkeypatch, content, words):
    monkeypatch.setattr(picture_formats, "MAX_READS", MANY - 1)
    (tmp_path / "hostile.png").write_bytes(content())
    with pytest.raises(UserError, match=words):
        pictures.load(tmp_path / "hostile.png")


@pytest.mark.parametrize("count", [10, 11])
def test_tiff_of_very_many_strips_is_refused(tmp_path, monkeypatch, count):
    monkeypatch.setattr(picture_formats, "MAX_STRIPS", 10)
    strips = {257: count, 259: 1, 273: (8,) * count, 278: 1, 279: (10,) * count}
    (tmp_path / "strips.tif").write_bytes(tiff({**DEEP_BLACK, **strips}))
    with pytest.raises(UserError, match="too long") if count > 10 else nullcontext():
        assert pictures.load(tmp_path / "strips.tif").size == (10, count)


def test_reading_ends_at_its_deadline_wherever_it_is(tmp_path, monkeypatch):
    rings("L").save(tmp_path / "ring.png")
    (tmp_path / "ring.png").write_bytes(b"P2 120 120 255 " + b"9 " * 120 * 120)
    assert pictures.load(tmp_path / "ring.png").size == (120, 120)
    monkeypatch.setattr(picture_formats, "MAX_SECONDS", -1)
    with pytest.raises(UserError, match="takes too long to read; save it anew"):
        pictures.load(tmp_path / "ring.png")


def test_comments_of_a_plain_picture_are_read_in_small_blocks(tmp_path):
    text = b"P2 10 10 255 " + b"#\n" * 100_000 + b"9 " * 100
    (tmp_path / "comments.pgm").write_bytes(text)
    file = picture_formats.PictureFile(tmp_path / "comments.pgm")
    with file:
        assert picture_formats.decoded(file, 1000).size == (10, 10)
        assert file.max_block < 20_000  # each comment copies the rest of its block


READ_WITH = """
import sys
from pathlib import Path
from digits.page import picture_formats, pictures
picture_formats.MAX_MEMORY = int(sys.argv[1])
print(pictures.load(Path(sys.argv[2])).size)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep to no such limit")
@pytest.mark.parametrize(
    ("size", "said"), [(picture_formats.MAX_MEMORY, "(1900, 1900)"), (10**6, "")]
)
def test_decoder_that_takes_more_than_its_share_of_memory_fails(tmp_path, size, said):
    rings("RGB", 1900).save(tmp_path / "ring.jp2")
    result = subprocess.run(  # for this process may have memory that it does not use
        [sys.executable, "-c", READ_WITH, str(size), tmp_path / "ring.jp2"],
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
    )
    assert result.stdout.strip() == said, result.stderr
    assert bool(said) or "UserError: the picture" in result.stderr


def test_very_large_file_is_refused_unread(tmp_path):
    with (tmp_path / "sparse.png").open("wb") as file:
        file.write(png(9, 9))
        file.truncate(picture_formats.MAX_BYTES + 1)
    with pytest.raises(UserError, match="file is too large"):
        pictures.load(tmp_path / "sparse.png")


@pytest.mark.parametrize("name", ["WEBP", "AVIF", "PNG", "TIFF", "BMP", "GIF"])
def test_formats_have_a_limit_of_pixels(tmp_path, monkeypatch, name):
    try:
        rings().save(tmp_path / "ring", name)
    except (KeyError, OSError):
        pytest.skip(f"this Pillow has no {name}")
    few = picture_formats.FORMATS[name]._replace(max_pixels=120 * 120 - 1)
    monkeypatch.setitem(picture_formats.FORMATS, name, few)
    with pytest.raises(UserError, match="too many pixels"):
        pictures.load(tmp_path / "ring")


def test_jpeg_in_one_scan_may_be_large_since_it_is_decoded_small(tmp_path, monkeypatch):
    few = picture_formats.FORMATS["JPEG"]._replace(max_decoded=1300 * 1300)
    monkeypatch.setitem(picture_formats.FORMATS, "JPEG", few)
    rings(side=2000).save(tmp_path / "one.jpg")
    rings(side=2000).save(tmp_path / "several.jpg", progressive=True)
    picture = pictures.load(tmp_path / "one.jpg")
    assert picture.size == (1000, 1000)
    assert picture.info["reduced"] == 2
    with pytest.raises(UserError, match="too many pixels"):
        pictures.load(tmp_path / "several.jpg")


def test_scans_are_counted_in_the_picture_alone(tmp_path):
    thumbnail = jpeg_of_scans(50)
    exif = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    whole = jpeg(rings(), progressive=True)
    video_after_it = b"\xff\xda\0\x08" * 1000
    (tmp_path / "phone.jpg").write_bytes(whole[:2] + exif + whole[2:] + video_after_it)
    assert pictures.load(tmp_path / "phone.jpg").size == (120, 120)


def test_large_jpeg_2000_is_decoded_small(tmp_path, monkeypatch):
    try:
        rings(side=2100).save(tmp_path / "ring.jp2")
    except (KeyError, OSError):
        pytest.skip("this Pillow has no JPEG 2000")
    few = picture_formats.FORMATS["JPEG2000"]._replace(max_decoded=1100 * 1100)
    monkeypatch.setitem(picture_formats.FORMATS, "JPEG2000", few)
    picture = pictures.load(tmp_path / "ring.jp2")
    assert picture.size == (1050, 1050)
    assert picture.info["reduced"] == 2
    rings(side=2100).save(tmp_path / "whole.jp2", num_resolutions=1)
    with pytest.raises(UserError, match="too many pixels"):
        pictures.load(tmp_path / "whole.jp2")


def damaged_tiff(path):
    """Save a TIFF of which libtiff says on file descriptor 2 that its lines are damaged."""
    rings("1").save(path, compression="group4")
    whole = bytearray(path.read_bytes())
    with Image.open(path) as picture:
        (start,) = picture.tag_v2[273]
    whole[start : start + 40] = np.random.default_rng(1).bytes(40)
    path.write_bytes(whole)


def test_libraries_are_silent(tmp_path, capfd):
    damaged_tiff(tmp_path / "ring.tif")
    with Image.open(tmp_path / "ring.tif") as picture, suppress(OSError):
        picture.load()
    if not capfd.readouterr().err:
        pytest.skip("this libtiff says nothing")
    with suppress(UserError):
        pictures.load(tmp_path / "ring.tif")
    assert not capfd.readouterr().err
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_picture_is_read_where_stderr_is_closed(run, tmp_path):
    rings().save(tmp_path / "ring.tif")
    code = f"""
import os, sys
sys.path.insert(0, {str(picture_formats.__file__.rsplit("digits", 1)[0])!r})
from pathlib import Path
from digits.page import pictures
os.close(2)
assert pictures.load(Path({str(tmp_path / "ring.tif")!r})).size == (120, 120)
try:
    os.fstat(2)
except OSError:
    print("closed, as before")
"""
    (tmp_path / "closed.py").write_text(code)
    assert re.match("closed, as before", run(tmp_path / "closed.py").stdout)
