"""From a picture of any kind to what MNIST holds."""

import io
import shutil
import struct
import zlib

import numpy as np
import pytest
from conftest import ROOT, printed_digits
from PIL import Image

from digits import UserError
from digits.data.mnist_form import as_mnist
from digits.network import predictor
from digits.page import pictures, pipeline

ALIKE = 4  # of 255: the mean difference between two images of one digit, at most


def any_digit(images):
    """A network that takes everything for a 7, and is as sure of all."""
    return np.tile(np.float32([0.01] * 7 + [0.91] + [0.01] * 2), (len(images), 1))


def only_digit(picture, predict=any_digit):
    """Return the one digit in a PIL image."""
    picture = pictures.upright_and_reduced(picture)
    (digit,) = pipeline.answer_to_image(picture, predict).digits
    return digit


def difference(image, other):
    """Return the mean difference of two images, 0 to 255."""
    return np.abs(image.astype(int) - other.astype(int)).mean()


def difference_when_aligned(image, other):
    """Return their mean difference where one may lie a pixel further on.

    Digits are placed by whole pixels, so the least change of their mass can move them by one.
    """
    shifts = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]
    return min(difference(image, np.roll(other, shift, axis=(0, 1))) for shift in shifts)


def area_average(square, side):
    """Return a square (n, n) averaged to (side, side), cell by cell: the reference."""
    n = len(square)
    weights = np.zeros((side, n))
    for cell in range(side):
        for pixel in range(n):
            overlap = min((cell + 1) * n / side, pixel + 1) - max(cell * n / side, pixel)
            weights[cell, pixel] = max(overlap, 0) * side / n
    return weights @ square @ weights.T


@pytest.mark.parametrize(("height", "width"), [(20, 20), (50, 30), (33, 71), (7, 3), (400, 90)])
def test_digit_is_area_averaged_and_centred_by_its_mass(height, width):
    ink = np.random.default_rng(height).random((height, width)).astype(np.float32)
    image = as_mnist(ink)
    side = max(height, width)
    square = np.zeros((side, side))
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = ink
    expected = area_average(square, 20)
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    seen = expected > expected.max() / 255
    row = rows[0] - np.flatnonzero(seen.any(axis=1))[0]
    column = columns[0] - np.flatnonzero(seen.any(axis=0))[0]
    placed = image[row : row + 20, column : column + 20]
    np.testing.assert_allclose(placed, expected * 255 / expected.max(), atol=1)
    assert image.max() == 255
    centre = (image.sum(axis=1) * np.arange(28)).sum() / image.sum()
    assert abs(centre - 14) <= 0.6, "MNIST's digits have their mass around pixel 14"


def test_mnist_digits_are_what_they_were(mnist_test):
    differences = []
    for image in mnist_test.images[:500]:
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        ink = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
        differences.append(difference(as_mnist(ink), image))
    assert np.mean(np.array(differences) == 0) > 0.85
    assert np.mean(np.array(differences) < 1) > 0.99


def photographed(image):
    """Return a digit inverted, enlarged eight times, on a larger page, as a JPEG read back."""
    page = Image.new("L", (400, 380), 255)
    large = Image.fromarray(255 - image).resize((224, 224), Image.Resampling.NEAREST)
    page.paste(large, (130, 40))
    file = io.BytesIO()
    page.save(file, "JPEG", quality=90)
    return Image.open(file)


@pytest.fixture(scope="module")
def predict(shipped_model):
    return predictor.load(shipped_model)


def assert_photographs_read_as(images, predict):
    read = np.stack([only_digit(photographed(image), predict).image for image in images])
    differences = [difference_when_aligned(*pair) for pair in zip(images, read, strict=True)]
    # A digit that the square leaves an odd number of pixels beside comes back half a pixel off.
    assert np.median(differences) < 1
    # And one with a speck beside it comes back without the speck.
    assert np.mean(np.array(differences) < 15) >= 0.99
    np.testing.assert_array_equal(predict(read).argmax(axis=1), predict(images).argmax(axis=1))


def test_photographed_printed_digits_come_back(predict):
    assert_photographs_read_as(printed_digits(20, seed=3)[0], predict)


def test_photographed_mnist_digits_come_back(mnist_test, predict):
    assert_photographs_read_as(mnist_test.images[:40], predict)


@pytest.fixture(scope="module")
def page_with_digit():
    """A dark digit on a light page, as a PIL image of mode L, and what it should become."""
    page = pictures.load(ROOT / "examples" / "marker_2.jpg").convert("L")
    return page, only_digit(page).image


def sixteen_bits(page):
    return Image.fromarray(np.asarray(page).astype(np.uint16) * 257)


KINDS = {
    "RGB": lambda page: page.convert("RGB"),
    "RGBA": lambda page: page.convert("RGBA"),
    "LA": lambda page: page.convert("LA"),
    "palette": lambda page: page.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE),
    "one bit": lambda page: page.convert("1", dither=Image.Dither.NONE),
    "16 bits": sixteen_bits,
    "32 bits": lambda page: Image.fromarray(np.asarray(page).astype(np.int32) * 257),
    "float 0 to 1": lambda page: Image.fromarray(np.asarray(page, np.float32) / 255),
    "float 0 to 255": lambda page: Image.fromarray(np.asarray(page, np.float32)),
    "CMYK": lambda page: page.convert("RGB").convert("CMYK"),
    "YCbCr": lambda page: page.convert("YCbCr"),
}


@pytest.mark.parametrize("inverted", [False, True], ids=["dark ink", "light ink"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_picture_gives_the_same_digit(page_with_digit, kind, inverted):
    page, expected = page_with_digit
    page = Image.fromarray(255 - np.asarray(page)) if inverted else page
    assert difference_when_aligned(only_digit(KINDS[kind](page)).image, expected) < ALIKE


@pytest.mark.parametrize("name", ["digit.png", "digit.jpg", "digit.tif", "digit.bmp", "digit.gif"])
def test_every_format_is_read(tmp_path, page_with_digit, name):
    page, expected = page_with_digit
    page.save(tmp_path / name)
    assert (
        difference_when_aligned(only_digit(pictures.load(tmp_path / name)).image, expected) < ALIKE
    )


@pytest.mark.parametrize("ink", [0, 255], ids=["black ink", "white ink"])
def test_transparent_picture_is_laid_on_paper(page_with_digit, ink):
    page, expected = page_with_digit
    drawn = Image.new("L", page.size, ink)
    opacity = np.where(np.asarray(page) < 128, 255, 0).astype(np.uint8)
    drawn.putalpha(Image.fromarray(opacity))
    assert difference_when_aligned(only_digit(drawn).image, expected) < ALIKE


def test_transparent_corner_of_an_opaque_page_is_paper(page_with_digit):
    page, expected = page_with_digit
    grey = page.point(lambda value: value * 0.4)  # on which neither white nor black is paper
    opacity = Image.new("L", page.size, 255)
    opacity.paste(0, (0, 0, 60, 90))
    grey.putalpha(opacity)
    assert difference_when_aligned(only_digit(grey).image, expected) < ALIKE


def test_exif_turns_the_picture_and_its_box(tmp_path, page_with_digit):
    page, expected = page_with_digit
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn to the right
    page.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    picture = pictures.load(tmp_path / "turned.png")
    (digit,) = pipeline.answer_to_image(picture, any_digit).digits
    assert picture.size == page.size
    assert difference(digit.image, expected) < 1
    assert digit.box == only_digit(page).box


def test_box_holds_the_digit_in_pixels_of_a_large_picture():
    page = np.full((3000, 2000), 250, np.uint8)
    page[900:2100, 1000:1100] = 10
    left, top, right, bottom = only_digit(Image.fromarray(page)).box
    assert (left, top, right, bottom) == pytest.approx((1000, 900, 1100, 2100), abs=6)


@pytest.mark.parametrize("direction", [(1, 0), (0, 1), (-1, 1)])
def test_faint_ink_is_read_in_light_that_changes_more_than_the_ink_does(page_with_digit, direction):
    page, expected = page_with_digit
    faint = 255 - 0.3 * (255 - np.asarray(page).astype(float))
    height, width = faint.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = 0.75 + 0.25 * (direction[0] * x + direction[1] * y) / 2
    lit = Image.fromarray((faint * light).astype(np.uint8))
    assert difference_when_aligned(only_digit(lit).image, expected) < ALIKE


def test_noise_is_no_ink(page_with_digit):
    page, expected = page_with_digit
    noise = np.random.default_rng(1).normal(0, 12, (page.height, page.width))
    noisy = 110 + 0.4 * np.asarray(page) + noise
    read = only_digit(Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)))
    assert difference_when_aligned(read.image, expected) < 2 * ALIKE


def noisy_page(brightness):
    noise = np.random.default_rng(1).normal(brightness, 3, (200, 300))
    return Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))


BLANK = {
    "white": Image.new("L", (100, 80), 255),
    "black": Image.new("RGB", (100, 80)),
    "one pixel": Image.new("L", (1, 1), 7),
    "a strip": Image.new("L", (1, 5000), 200),
    "transparent": Image.new("RGBA", (50, 50)),
    "16 bits": Image.fromarray(np.full((50, 50), 9000, np.uint16)),
    "noisy light": noisy_page(230),
    "noisy dark": noisy_page(20),
}


@pytest.mark.parametrize("page", BLANK.values(), ids=BLANK)
def test_blank_page_holds_no_digit(page):
    answer = pipeline.answer_to_image(pictures.upright_and_reduced(page), any_digit)
    assert answer.status == "no-digit"


LOWEST = -3.4e38  # what maps hold where they have no data


def test_no_data_is_paper(page_with_digit):
    page, expected = page_with_digit
    values = np.asarray(page, np.float32) / 255
    values[:40, :60], values[-3:, -3:] = LOWEST, np.nan
    assert difference_when_aligned(only_digit(Image.fromarray(values)).image, expected) < ALIKE


def test_deep_picture_is_brought_to_grey_band_by_band(page_with_digit, monkeypatch):
    page, _ = page_with_digit
    values = np.asarray(page).astype(np.int32) * 257
    values[0, 0], values[1, 1] = -1, 65_535
    expected = np.where(values < 0, np.median(values[values >= 0]), values) / 65_535
    monkeypatch.setattr(pictures, "BAND_PIXELS", 7 * page.width)
    monkeypatch.setattr(pictures, "MAX_SAMPLED", values.size)
    grey = pictures.upright_and_reduced(Image.fromarray(values))
    np.testing.assert_allclose(np.asarray(grey), expected, atol=1e-4)


def dots():
    """Return paper with fine dots: of the components they make, most is no darker than paper."""
    page = np.full((101, 120), 200.0)
    page[44:76:4, 96:112:5] = 29
    return page


DEEP = [0, 1, 65_535, 1e38, LOWEST, np.nan, np.inf, -np.inf, 1e-40, 1e-6, -1, 2**31]


def extremes(numbers):
    """Yield arrays of float32 of several sizes and kinds that hold extreme numbers."""
    random = np.random.default_rng(1)
    for height, width in [(1, 1), (1, 2), (3, 1), (5, 5), (28, 28), (1, 300), (101, 90)]:
        shape, rows, columns = (height, width), *np.indices((height, width))
        yield np.full(shape, random.choice(numbers))
        yield np.where(rows + columns == 0, random.choice(numbers), random.choice(numbers))
        yield random.choice(numbers, shape)
        yield random.random(shape) * random.choice(numbers)
        yield (rows + columns) % 2 * random.choice([1, 255])
        yield (random.random(shape) < 0.1) * random.choice([1, 255, 1e30])
    yield from (np.full((6, 6), number) for number in numbers)
    yield 0.9 - 1e-6 * random.random((28, 28))
    yield dots()


def as_mode(values, mode):
    """Return float32 (h, w) as a PIL image of a mode, clipped to what that mode holds."""
    if mode == "F":
        return Image.fromarray(values)
    most = {"I": 2**31 - 129, "I;16": 65_535}.get(mode, 255)
    whole = np.nan_to_num(np.clip(values, -most if mode == "I" else 0, most))
    if mode in ("I", "I;16"):
        return Image.fromarray(whole.astype(np.int32 if mode == "I" else np.uint16))
    return Image.fromarray(whole.astype(np.uint8)).convert(mode)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mode", ["F", "I", "I;16", "L", "RGBA", "1"])
def test_any_array_holds_digits_or_none(mode):
    for values in extremes(DEEP if mode == "F" else [0, 1, 128, 255]):
        picture = as_mode(values.astype(np.float32), mode)
        with np.errstate(all="raise", under="ignore"):
            picture = pictures.upright_and_reduced(picture)
            assert pictures.for_display(picture).dtype == np.uint8
            answer = pipeline.answer_to_image(picture, any_digit)
            assert answer.status in (["ok", "unsure"] if answer.digits else ["no-digit"])


def test_what_has_no_ink_is_no_digit(predict):
    answer = pipeline.answer_to_image(Image.fromarray(dots().astype(np.uint8)), predict)
    assert answer.status == "no-digit"


@pytest.mark.parametrize("error", [MemoryError(), ZeroDivisionError("of ink"), KeyError()])
def test_failure_in_reading_is_an_answer(tmp_path, monkeypatch, error):
    def failing(_images):
        raise error

    shutil.copy(ROOT / "examples" / "pencil_7.jpg", tmp_path / "seven.jpg")
    of_picture = pipeline.answer_to_picture(tmp_path / "seven.jpg", failing)
    of_drawing = pipeline.answer_to_drawing(pictures.load(tmp_path / "seven.jpg"), failing)
    for answer in (of_picture, of_drawing):
        assert answer.status == "unreadable"
        assert f"reading it failed ({type(error).__name__}" in answer.error
        assert "report this, with the picture" in answer.error


def png_claiming(width, height):
    """Return a PNG whose header claims a size that its data does not have."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 9) + b"IDAT" + bytes(9)


def jpeg_cut_in_half():
    return (ROOT / "examples" / "chalk_3.jpg").read_bytes()[:8000]


UNREADABLE = {
    "text": (b"seven", "not a picture"),
    "empty": (b"", "not a picture"),
    "cut": (jpeg_cut_in_half(), "damaged"),
    "huge": (png_claiming(100_000, 100_000), "too many pixels"),
    "header alone": (png_claiming(100, 100), "damaged"),
}


@pytest.mark.parametrize(("content", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_picture_is_refused(tmp_path, content, words):
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(UserError, match=words):
        pictures.load(tmp_path / "bad.png")


def test_missing_picture_is_refused(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        pictures.load(tmp_path / "gone.png")


def test_picture_that_is_a_link_to_itself_is_refused(tmp_path):
    loop = tmp_path / "loop.png"
    try:
        loop.symlink_to(loop)
    except OSError:
        pytest.skip("no links to make here")
    with pytest.raises(UserError, match="cannot be read"):
        pictures.load(loop)


def test_first_frame_of_an_animation_is_read(tmp_path, page_with_digit):
    page, expected = page_with_digit
    blank = Image.new("L", page.size, 255)
    page.save(tmp_path / "moving.gif", save_all=True, append_images=[blank, blank])
    read = only_digit(pictures.load(tmp_path / "moving.gif")).image
    assert difference_when_aligned(read, expected) < ALIKE


def test_folder_stands_for_its_pictures_by_name(tmp_path):
    for name in ("b.PNG", "a.jpg", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in pictures.files_at(tmp_path)] == ["a.jpg", "b.PNG"]


def test_folder_without_pictures_is_refused(tmp_path):
    (path,) = pictures.files_at(tmp_path)
    with pytest.raises(UserError, match="folder without pictures"):
        pictures.load(path)


def test_what_is_shown_keeps_its_colours():
    shown = pictures.for_display(Image.open(ROOT / "examples" / "ballpoint_5.png"))
    assert shown.shape == (300, 300, 3)
    assert tuple(shown[0, 0]) == (255, 255, 255)
    blue = shown[np.asarray(Image.open(ROOT / "examples" / "ballpoint_5.png"))[..., 3] == 255]
    assert blue[:, 2].min() > blue[:, 0].max()
