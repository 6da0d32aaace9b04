"""What is said of a picture without digits is true of it."""

import numpy as np
import pytest
from golden_pages import blank, cloudy, drawn, lines, paper, photo, put, scan, sign, write
from PIL import Image, ImageDraw, ImageFont

from digits.network import predictor
from digits.page import pictures, pipeline, reasons


@pytest.fixture(scope="module")
def predict(shipped_model):
    return predictor.load(shipped_model)


RANDOM = np.random.default_rng(3)


def squares(cells, side, wide):
    """Return the ink of a grid, each third line twice as wide, as in a sudoku."""
    ink = blank(cells * side + 60, cells * side + 60)
    for n in range(cells + 1):
        line = slice(30 + n * side, 30 + n * side + wide * (1 if n % 3 else 2))
        ink[line, 30 : 30 + cells * side + 2 * wide] = 1
        ink[30 : 30 + cells * side + 2 * wide, line] = 1
    return ink


def faint_three():
    ink = blank(200, 260)
    write(ink, "3", 90, 40, RANDOM, height=120, pen=10)
    return photo(paper(0.04 * ink), RANDOM, grain=0.002)


def text():
    words = "The quick brown fox jumps\nover the lazy dog, and then\nhe sleeps below a tree until\n"
    page = Image.new("L", (340, 200), 245)
    font = ImageFont.load_default(16)
    ImageDraw.Draw(page).multiline_text((20, 20), 2 * words, fill=20, font=font)
    return page


def letter():
    ink = blank(180, 200)
    put(ink, sign(0, 90, 9), 60, 40)
    return photo(paper(ink), RANDOM)


def clouds():
    return photo(0.5 + 0.3 * cloudy((300, 400), 60, RANDOM), RANDOM)


def ruled():
    return photo(paper(0.8 * lines(blank(300, 400), 40, 17)), RANDOM)


PAGES = {
    "blank paper": (lambda: scan(np.full((200, 300), 0.94)), reasons.BLANK),
    "grainy paper": (lambda: photo(np.full((300, 300), 0.9), RANDOM), reasons.BLANK),
    "faint ink": (faint_three, reasons.FAINT),
    "a sudoku": (lambda: photo(paper(squares(9, 50, 3)), RANDOM), reasons.GRID),
    "a crisp sudoku": (lambda: scan(1 - squares(9, 90, 2)), reasons.GRID),
    "three by three cells": (lambda: photo(paper(squares(3, 80, 4)), RANDOM), reasons.GRID),
    "ruled paper": (ruled, reasons.GRID),
    "text": (text, reasons.TEXT),
    "pen strokes of letters": (lambda: drawn("page_of_letters"), reasons.TEXT),
    "a barcode": (lambda: drawn("barcode"), reasons.MANY_MARKS),
    "rings": (lambda: drawn("rings"), reasons.MANY_MARKS),
    "a letter": (letter, reasons.ONE_MARK),
    "five letters": (lambda: drawn("letters"), reasons.OTHER),
    "clouds": (clouds, reasons.PHOTOGRAPH),
}


def reason_of(page):
    return reasons.reason(pictures.grey(page, pictures.for_display(page)))


@pytest.mark.parametrize("name", PAGES)
def test_reason_is_true(name):
    draw, reason = PAGES[name]
    assert reason_of(draw()) == reason


@pytest.mark.parametrize("name", ["a crisp sudoku", "ruled paper", "faint ink", "a barcode"])
def test_picture_without_digits_is_told_with_its_reason(predict, name):
    draw, reason = PAGES[name]
    answer = pipeline.answer_to_image(draw(), predict)
    assert (answer.status, answer.words) == ("no-digit", reason)


@pytest.mark.parametrize("name", ["touching", "sloping_row", "thick_marker", "pressed_pencil"])
def test_writing_is_neither_grid_nor_text_nor_photograph(name):
    assert reason_of(drawn(name)) in (reasons.ONE_MARK, reasons.OTHER)


def test_every_reason_names_a_way_on():
    sentences = [reasons.BLANK, *(reason for _, reason in PAGES.values())]
    for sentence in sentences:
        what, way_on = sentence.split("; ")
        assert what.startswith("no digit found: ") and way_on
