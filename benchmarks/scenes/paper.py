"""Scenes of what is around a number: cells, frames, tape, texture, shadows."""

import numpy as np
from golden_pages import blank, cloudy, grid, photo, put, strokes
from page_table import dark_on_light, slope
from PIL import ImageOps

from digits.data.pen import curve
from scenes.figures import printed
from scenes.hands import row
from scenes.surroundings import (
    Scene,
    lit,
    margined,
    number,
    on_paper,
    picture,
    some_hand,
    some_number,
    spread,
)


def boxes(random, examples):
    """A form's row of printed boxes with a digit in each."""
    return form(random, examples, frame)


def dotted_cells(random, examples):
    """A row of cells whose walls are dotted."""

    def dotted(page, left, top, width, height, line):
        cell = blank(*page.shape)
        frame(cell, left, top, width, height, line)
        steps = grid(cell).sum(axis=0) % max(4, int(4 * line))
        put(page, cell * (steps < max(2, 2 * line)), 0, 0)

    return form(random, examples, dotted)


def comb(random, examples):
    """A comb: one base line, with a short tick between two digits."""

    def teeth(page, left, top, width, height, line):
        frame(page, left, top + 0.7 * height, width, 0.3 * height, line, with_top=False)

    return form(random, examples, teeth)


def frame(page, left, top, width, height, line, with_top=True):
    """Draw a rectangle of lines on a page of ink, in place."""
    corners = np.array([[0, 0], [0, height], [width, height], [width, 0]], float)
    closed = np.concatenate([corners, corners[:1]]) if with_top else corners
    sides = [closed[n : n + 2] for n in range(len(closed) - 1)]
    put(page, strokes(sides, line), left - line / 2, top - line / 2)


def form(random, examples, draw_cell):
    """Return a scene of a row of cells, the first of which hold a number, a digit each."""
    text = number(random, 3, 8)
    hand = some_hand(random, examples, (20, 64), (0.06, 0.14))
    width, height = hand.height * random.uniform(1.05, 1.4), hand.height * random.uniform(1.15, 1.6)
    page = blank(round(1.2 * height) + 8, round(width * (len(text) + 2)) + 8)
    cells, line = blank(*page.shape), max(1.0, hand.height * random.uniform(0.02, 0.05))
    for n in range(len(text) + random.integers(0, 3)):
        draw_cell(cells, 4 + n * width, 4, width, height, line)
    for n, label in enumerate(text):
        ink = hand.digit(int(label))
        spare = np.array([width - ink.shape[1], height - len(ink)])
        x, y = (4 + n * width, 4) + spare * random.normal(0.5, 0.2, 2)
        put(page, ink, x, y)
    both = np.maximum(page, cells * random.uniform(0.35, 1))
    return Scene(on_paper(both, random, hand.height, 0.1, 0.6), text)


def texture(random, examples):
    """Strong ink on paper whose texture shows: its grain, and perhaps its fibres."""
    text, hand = some_number(random, examples)
    ink = margined(row(text, hand), random)
    ink = np.maximum(ink, fibres(ink.shape, random))
    grain = random.uniform(0.015, 0.05) * cloudy(ink.shape, random.integers(3, 40), random)
    return Scene(picture(lit(ink, random) + grain, random, hand.height), text)


def fibres(shape, random):
    """Return faint ink of short curved strokes all over the paper; half of the time, none."""
    page = blank(*shape)
    strength, length = random.uniform(0.04, 0.12), random.uniform(5, 0.2 * min(shape) + 6)
    for _ in range(random.choice([0, random.integers(5, 60)])):
        path = np.cumsum(random.normal(0, length / 3, (4, 2)), axis=0)
        fibre = strokes([curve(path, ())], random.uniform(1, 3))
        put(page, strength * fibre, *random.uniform(-5, shape[::-1]))
    return page


def show_through(random, examples):
    """Strong ink, and what the back of the paper lets through, mirrored and faint."""
    text, hand = some_number(random, examples)
    ink = margined(row(text, hand), random, 0.4)
    back = blank(*ink.shape)
    for _ in range(random.integers(1, 4)):
        behind = row(number(random, 2, 6), hand)[:, ::-1]
        put(back, behind, *random.uniform(-20, np.array(ink.shape[::-1]) * 0.8))
    soft = np.asarray(photo(back, random, 0, hand.height / 30 + 0.5), np.float32) / 255
    ink = np.maximum(ink, random.uniform(0.05, 0.14) * soft)
    return Scene(picture(lit(ink, random), random, hand.height), text)


def empty_scan(random, examples):
    """An empty page: the grain of a scan, with a pure white border."""
    return Scene(scanned(blank(*random.integers(60, 400, 2)), random), "")


def grainy_scan(random, examples):
    """A number on a page with the grain of a scan, with a pure white border."""
    text, hand = some_number(random, examples)
    return Scene(scanned(margined(row(text, hand), random), random), text)


def scanned(ink, random):
    """Return a page of ink as a scan with grain, and pure white on some of its sides."""
    light, grain = random.uniform(0.7, 0.97), random.uniform(0.003, 0.04)
    page = light * (1 - random.uniform(0.5, 0.9) * ink) + grain * random.normal(0, 1, ink.shape)
    page += random.uniform(0, 0.015) * cloudy(page.shape, random.integers(3, 30), random)
    image = photo(page, random, 0, random.uniform(0.2, 1))
    sides = len(ink) * spread(random, 0.03, 0.8) * random.uniform(0.5, 1, 4)
    sides = np.rint(sides * (random.random(4) < 0.8)).astype(int)
    return ImageOps.expand(image, tuple(map(int, sides)), 255)


def streaks(random, examples):
    """The streaks of shadows, beside the digits and across them."""
    text, hand = some_number(random, examples)
    ink = margined(row(text, hand), random)
    shade = np.zeros_like(ink)
    for _ in range(random.integers(1, 3)):
        width = spread(random, 0.008, 0.25)
        distance = np.abs(slope(ink.shape, random) - random.uniform(0.1, 0.9))
        shade = np.maximum(shade, random.uniform(0.05, 0.3) * np.clip(2 - distance / width, 0, 1))
    return Scene(picture(dark_on_light(ink, random) * (1 - shade), random, hand.height), text)


def bare_paper(random, examples):
    """Paper with its texture, creases and a soft shadow, and nothing on it."""
    page = fibres(tuple(random.integers(80, 400, 2)), random)
    page += random.uniform(0.02, 0.1) * np.abs(slope(page.shape, random) - 0.5)
    page += random.uniform(0.005, 0.03) * cloudy(page.shape, random.integers(4, 60), random)
    for _ in range(random.integers(0, 3)):
        distance = np.abs(slope(page.shape, random) - random.uniform(0.1, 0.9))
        page += random.uniform(-0.1, 0.12) * np.clip(
            2 - distance / random.uniform(0.004, 0.02), 0, 1
        )
    return Scene(picture(lit(page, random), random, 50), "")


def empty_cell(random, examples):
    """A cell of a grid without a digit: pieces of its frame, perhaps the trace of a digit."""
    side = int(random.integers(28, 120))
    page = cell_with_frame(random, side)
    if random.random() < 0.4:
        trace = np.asarray(photo(printed(number(random, 1, 1), 0.5 * side), random, 0, side / 30))
        put(page, trace / 255 * random.uniform(0.02, 0.08), 0.3 * side, 0.25 * side)
    return Scene(cell_picture(page, random), "")


def cell_with_frame(random, side):
    """Return a square cell as ink, with pieces of its frame on one to four sides."""
    page, width = blank(side, side), max(1, int(side * random.uniform(0.02, 0.07)))
    for turn in np.flatnonzero(random.random(4) < random.uniform(0.4, 1)):
        inside = random.integers(0, 1 + side // 14)
        first, last = random.integers(0, 1 + side // 8, 2)
        np.rot90(page, turn)[inside : inside + width, first : side - last] = random.uniform(0.6, 1)
    return page


def cell_picture(page, random):
    """Return a cell's picture: dark on light, or light on dark as a preparing script makes it."""
    side = len(page)
    grey = dark_on_light(page, random)
    if random.random() < 0.5:
        grey = 0.15 + 0.6 * page + 0.02 * cloudy(page.shape, 8, random)
    return photo(grey, random, 0.012, random.uniform(0.2, side / 80))


def sudoku_cell(random, examples):
    """A cell of a grid, with its digit, printed or by hand, and pieces of its frame."""
    side = int(random.integers(28, 120))
    page, label = cell_with_frame(random, side), number(random, 1, 1)
    height = side * random.uniform(0.45, 0.7)
    ink = printed(label, height, random.uniform(0, 0.06))
    if random.random() < 0.5:
        ink = some_hand(random, examples, (height, height), (0.08, 0.16)).digit(int(label))
    spare = np.array([side - ink.shape[1], side - len(ink)])
    put(page, ink, *spare * random.uniform(0.35, 0.65, 2))
    return Scene(cell_picture(page, random), label)


def boxed(random, examples):
    """A box drawn around a number."""
    text, hand = some_number(random, examples, 1, 4)
    page = margined(row(text, hand), random, 0.15, 0.4)
    height, width = page.shape
    page = margined(page, random, 0.2, 0.5)
    top, left = (np.array(page.shape) - [height, width]) / 2
    frame(page, left, top, width, height, max(1.2, hand.pen * random.uniform(0.3, 1)))
    return Scene(picture(lit(page, random), random, hand.height), text)


def on_a_table(random, examples):
    """A slip of paper on a darker or lighter table, whose edges are seen."""
    text, hand = some_number(random, examples)
    slip = lit(margined(row(text, hand), random, 0.25, 0.6), random)
    around = np.rint(len(slip) * random.uniform(0.05, 0.4, (2, 2))).astype(int)
    around[random.random((2, 2)) < 0.3] = 0
    table = random.uniform(0.2, 0.6) + np.zeros(np.array(slip.shape) + around.sum(axis=1))
    table += 0.03 * cloudy(table.shape, random.integers(3, 20), random)
    top, left = around[:, 0]
    table[top : top + len(slip), left : left + slip.shape[1]] = slip
    return Scene(picture(table, random, hand.height), text)


def taped(random, examples):
    """A number beside strips of tape, or a piece of paper that was glued on."""
    text, hand = some_number(random, examples)
    grey = lit(margined(row(text, hand), random, 0.5, 1), random)
    height, width = grey.shape
    strip = max(4, int(0.2 * len(grey) * random.uniform(0.5, 1)))
    tape = random.uniform(0.75, 0.9) if random.random() < 0.6 else random.uniform(0.4, 0.7)
    where = np.s_[:strip] if random.random() < 0.5 else np.s_[:, :strip]
    grey[where] *= tape
    grey[height - strip // 2 :, width // 3 : width // 3 + 2 * strip] *= tape
    return Scene(picture(grey, random, hand.height), text)


def ledger(random, examples):
    """A number between the vertical rules of a ledger, with or without its lines."""
    text, hand = some_number(random, examples, 1, 5)
    ink = margined(row(text, hand), random, 0.2, 0.6)
    columns = np.flatnonzero((ink > 0.2).any(axis=0))
    width, strength = max(1, int(hand.pen * random.uniform(0.3, 0.8))), random.uniform(0.4, 1)
    for x in (random.uniform(0, columns[0] - width), random.uniform(columns[-1], ink.shape[1] - 4)):
        if random.random() < 0.8:
            ink[:, int(max(x, 0)) : int(max(x, 0)) + width] = strength
    if random.random() < 0.4:
        ink[len(ink) - random.integers(2, 6) :][:width] = strength
    return Scene(picture(lit(ink, random), random, hand.height), text)
