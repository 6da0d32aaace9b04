"""Digits on a page: found, put in order, split and merged."""

import sys

import numpy as np
import pytest
from conftest import ROOT, printed_digit
from PIL import Image, ImageOps

from digits.network import predictor
from digits.page import answers, components, pipeline, reading

sys.path.insert(0, str(ROOT / "benchmarks"))
from damage_pictures import whole_pictures
from damaging import damaged


@pytest.fixture(scope="module")
def predict(shipped_model):
    return predictor.load(shipped_model)


def page_of(*placed, size=(400, 700)):
    """Return a PIL page with printed digits, each given as digit, left and top, 84 pixels wide."""
    random, ink = np.random.default_rng(4), np.zeros(size, np.float32)
    for digit, left, top in placed:
        large = Image.fromarray(printed_digit(digit, random)).resize((84, 84))
        place = ink[top : top + 84, left : left + 84]
        np.maximum(place, np.asarray(large) / np.float32(255), out=place)
    return Image.fromarray(np.rint(235 - 190 * ink).astype(np.uint8))


def text(page, predict):
    return pipeline.answer_to_image(page, predict).text


def assert_no_digit(page, predict, reason=""):
    answer = pipeline.answer_to_image(page, predict)
    assert answer.status == "no-digit" and not answer.rows
    assert f"no digit found: {reason}" in answer.error


def test_digits_are_read_from_left_to_right(predict):
    page = page_of(*((digit, 40 + 90 * n, 150) for n, digit in enumerate([3, 0, 9, 5, 4, 7])))
    assert text(page, predict) == "309547"


def test_a_sloping_row_is_one_row(predict):
    page = page_of(*((digit, 40 + 90 * n, 60 + 25 * n) for n, digit in enumerate([4, 2, 8, 6, 3])))
    assert text(page, predict) == "42863"


def test_rows_are_read_from_the_top_and_a_space_is_no_digit(predict):
    first = [(digit, 40 + 90 * n, 60) for n, digit in enumerate([2, 5, 7])]
    second = [(digit, left, 200) for digit, left in ((4, 40), (3, 130), (8, 420), (9, 510))]
    assert text(page_of(*first, *second), predict) == "257/4389"


def test_touching_digits_are_split(predict):
    page = page_of((3, 100, 150), (5, 150, 150), (2, 300, 150))
    assert text(page, predict) == "352"


def test_specks_are_no_digits(predict):
    page = np.array(page_of((6, 300, 150)))
    page[30:36, 50:56] = page[300:305, 600:604] = 40
    assert text(Image.fromarray(page), predict) == "6"


def test_a_broken_stroke_is_merged(predict):
    page = np.array(page_of((5, 300, 150)))
    page[188:191] = 235
    assert text(Image.fromarray(page), predict) == "5"


def test_a_small_digit_is_one_however_broken(predict):
    five = np.array(page_of((5, 300, 150)).crop((290, 140, 394, 244)).resize((28, 28)))
    five[8:10] = five[14] = five[19] = 235
    assert text(Image.fromarray(five), predict) == "5"


CUT_OUT = {
    5: """
.....###########
.#####..........
####............
................
................
................
########........
...#######......
.......#####....
..........####..
............###.
.............##.
............###.
..........####..
.......#####....
....#####.......
""",
    8: """
....########....
..####....####..
.####......####.
.####......####.
.#####....####..
...##########...
....########....
..####..######..
.####.....#####.
####.......#####
####........####
####........####
####.......#####
.####.....#####.
..############..
....########....
""",
}


@pytest.mark.parametrize("paper", [0, 255], ids=["light ink", "dark ink"])
@pytest.mark.parametrize("digit", CUT_OUT, ids=["a bar along the edge", "more ink than paper"])
def test_a_digit_that_fills_a_small_picture_is_read(predict, digit, paper):
    ink = np.array([[character == "#" for character in line] for line in CUT_OUT[digit].split()])
    page = Image.fromarray(np.where(ink, 255 - paper, paper).astype(np.uint8))
    assert text(page, predict) == str(digit)


def test_two_digits_in_a_small_picture_are_two(predict):
    both = page_of((3, 300, 150), (2, 345, 150)).crop((300, 140, 440, 244)).resize((63, 47))
    assert text(both, predict) == "32"


def test_a_desk_beside_the_paper_is_no_digit(predict):
    page = np.array(page_of((2, 300, 150)))
    page[:40] = 90
    assert text(Image.fromarray(page), predict) == "2"


def test_boxes_are_in_pixels_of_the_file(predict, tmp_path):
    page_of((7, 300, 150)).resize((2800, 1600)).save(tmp_path / "large.jpg")
    (digit,) = pipeline.answer_to_picture(tmp_path / "large.jpg", predict).digits
    left, top, right, bottom = digit.box
    assert 1200 < left < right < 1536 and 600 < top < bottom < 936
    assert bottom - top > 200


def test_what_the_network_takes_for_no_digit_is_none():
    def unsure(images):
        return np.full((len(images), 10), 0.1, np.float32)

    assert_no_digit(page_of((7, 300, 150)), unsure, "the only mark looks like no digit")


@pytest.mark.parametrize(("bars", "lost"), [(4, False), (12, True)])
def test_a_digit_that_is_a_detail_of_a_photograph_is_none(bars, lost):
    page = np.zeros((400, 700), bool)
    page[150:190, 10:20] = True
    for n in range(bars):
        page[40:360, 50 + 50 * n : 70 + 50 * n] = True
    digit = answers.Digit(np.zeros((28, 28), np.uint8), (10, 150, 20, 190), np.full(10, 0.1))
    assert reading.is_detail([answers.Row([digit])], components.connected_components(page)) == lost


def test_a_pattern_of_very_many_components_holds_no_digits(predict):
    rows, columns = np.indices((600, 600))
    dots = ((rows // 20) % 2 == 0) & ((columns // 20) % 2 == 0)
    assert_no_digit(Image.fromarray(np.where(dots, 40, 220).astype(np.uint8)), predict)


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*_[0-9].*")), ids=str)
def test_examples_are_read(predict, example):
    assert pipeline.answer_to_picture(example, predict).text == example.stem[-1]


def test_no_more_is_read_than_of_any_writing(predict, monkeypatch):
    monkeypatch.setattr(reading, "MAX_SEGMENTS", 100)
    waves, x = np.full((440, 1440), 240, np.uint8), np.arange(120)
    y = np.rint(17 * (np.sin(x / 6) + 1)).astype(int)  # each wide enough to be split into seven
    for top in range(20, 420, 70):
        for left in range(20, 1400, 140):
            for thick in range(5):
                waves[top + y + thick, left + x] = 30
    counts = []

    def counted(images):
        counts.append(len(images))
        return predict(images)

    answer = pipeline.answer_to_upright(Image.fromarray(waves), counted, "waves")
    assert answer.status == "no-digit"
    assert sum(counts) <= 2 * reading.MAX_SEGMENTS


def bars(count, thick, step, lengths=(120,)):
    """Return a PIL page of upright bars, of these lengths in turn."""
    page = np.full((240, 160 + count * step), 240, np.uint8)
    for n in range(count):
        left = 80 + n * step
        page[60 : 60 + lengths[n % len(lengths)], left : left + thick] = 30
    return Image.fromarray(page)


def barcode():
    """Return a PIL page of bars and gaps of one to four units each, 30 bars as in EAN-13."""
    widths, page = (
        np.random.default_rng(3).integers(1, 5, 60) * 3,
        np.full((200, 640), 240, np.uint8),
    )
    for bar, left in list(zip(widths, 40 + widths.cumsum(), strict=True))[::2]:
        page[40:160, left : left + bar] = 30
    return Image.fromarray(page)


PATTERNS = {
    "a comb": bars(18, 5, 12),
    "a comb of few teeth": bars(reading.MAX_ONES + 1, 10, 40),
    "a ruler": bars(31, 4, 16, lengths=(90, 50, 50, 50, 50, 70, 50, 50, 50, 50)),
    "a barcode": barcode(),
}


@pytest.mark.parametrize("inverted", [False, True], ids=["dark ink", "light ink"])
@pytest.mark.parametrize("turn", [0, 2])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_bars_are_no_number(predict, pattern, turn, inverted):
    page = PATTERNS[pattern].rotate(turn, Image.Resampling.BICUBIC, fillcolor=240)
    page = ImageOps.invert(page) if inverted else page
    assert_no_digit(page, predict)


def test_number_beside_bars_is_read_without_them(predict):
    page = np.array(page_of((5, 200, 40), (3, 300, 40)))
    for left in range(60, 620, 40):
        page[230:300, left : left + 8] = 45
    page[330:390, 100:108] = page[330:390, 150:158] = 45  # two bars of them, further down
    assert text(Image.fromarray(page), predict) == "53"


def test_ones_are_read(predict):
    assert text(bars(8, 10, 60), predict) == "11111111"
    many = np.array(page_of((0, 300, 150)))
    for left in [*range(30, 290, 50), *range(410, 650, 50)]:
        many[154:230, left : left + 8] = 45
    assert text(Image.fromarray(many), predict) == "111111011111"


def test_damaged_pictures_are_refused_or_read(predict, tmp_path):
    random, wholes = np.random.default_rng(8), whole_pictures()
    names = sorted(wholes)
    for _ in range(30):
        path = tmp_path / names[random.integers(len(names))]
        path.write_bytes(damaged(wholes[path.name], random))
        answer = pipeline.answer_to_picture(path, predict)
        assert answer.status in ("ok", "unsure", "no-digit", "unreadable")
        assert pipeline.FAILED not in (answer.error or "")
