"""Scenes of numbers by hand: with signs, with gaps, touching, in unusual hands, whole pages."""

import numpy as np
from golden_pages import cloudy, grid, put, scan, sign, strokes
from PIL import Image

from digits.data.pen import cropped
from scenes.figures import printed, spaced
from scenes.hands import HANDS, enlarged, joined, pushed, row, rows, touching
from scenes.surroundings import Scene, lit, margined, number, on_paper, picture, some_hand

SIGNED = (  # "d" is a digit
    *("-d", "-dd", "-ddd", "d.d", "dd.d", "d.dd", "d,d", "dd,dd", "-d.d", "-d,dd", "d/d", "dd/dd"),
    *("dd/dd/dddd", "d/d/dd", "dd.dd.dddd", "dd:dd", "d:dd", "ddd-ddd", "dd-dd-dddd", "+dd", "d+d"),
    *("dd%", "d.d%", "€dd", "€d.dd", "$d.dd", "£dd", "ddd€", "d,ddd", "dd-d"),
)

ONE_WAY_UP = "347"  # digits that are none when upside down

LINES = (
    "The house by the river was built in spring",
    "and has a garden with old trees.",
    "Birds sing there every morning before work,",
    "people walk along the water to the mill,",
    "Robert, Lisa and Otto look at the boats;",
    "OPEN - SOLD OUT - NO LOANS",
    "this bill shows oil, soil and glass:",
    "go so far, guess the size, ask the boss",
)


def signed(random, examples):
    """A number with a minus, a point, a slash or another sign."""
    pattern = SIGNED[random.integers(len(SIGNED))]
    text = "".join(number(random, 1, 1) if each == "d" else each for each in pattern)
    hand = some_hand(random, examples, (26, 120 if len(text) < 6 else 70), (0.06, 0.14))
    image = on_paper(row(text, hand), random, hand.height)
    return Scene(image, "".join(filter(str.isdigit, text)), text)


def dirty(random, examples):
    """A number without a sign, and dots of dirt, the larger ones where no point would be."""
    text = number(random, 1, 5)
    hand = some_hand(random, examples, (26, 110), (0.06, 0.14))
    ink = margined(row(text, hand), random, 0.2, 0.8)
    height, width = ink.shape
    for _ in range(random.integers(2, 8)):
        place = random.uniform(0, [width - 8, height - 8])
        largest = 1.1 if place[1] < height / 2 else 0.5
        size = max(1.0, hand.pen * random.uniform(0.25, largest))
        path = random.normal(0, size / 3, (random.integers(1, 4), 2))
        spot = random.uniform(0.5, 1) * strokes([path], size)
        if is_free(ink, spot, place):
            put(ink, spot, *place)
    return Scene(picture(lit(ink, random), random, hand.height), text)


def is_free(ink, spot, place):
    """Whether there is no ink where a spot would be put, and two pixels around it."""
    left, top = np.rint(place).astype(int)
    around = ink[max(top - 2, 0) :, max(left - 2, 0) :]
    return not around[: len(spot) + 4, : spot.shape[1] + 4].any()


def dry_pen(random, examples):
    """A digit whose pen left the paper once or twice."""
    text, hand = gapped_number(random, examples, (0.06, 0.14))
    inks = [broken(hand.digit(int(each)), hand, random) for each in text]
    return Scene(on_paper(spaced(inks, 0.25 * hand.height), random, hand.height), text)


def gapped_number(random, examples, pens):
    """Return one digit, or a number, as text, and its hand."""
    text = number(random, 1, 1) if random.random() < 0.5 else number(random, 2, 4)
    return text, some_hand(random, examples, (28, 200 if len(text) == 1 else 100), pens)


def broken(ink, hand, random):
    """Return a digit with one or two gaps across its strokes."""
    ink = ink.copy()
    for _ in range(random.integers(1, 3)):
        places = np.argwhere(ink > 0.6)
        erase(ink, places[random.integers(len(places))], hand, random)
    return ink


def erase(ink, place, hand, random):
    """Rub out a stroke of the ink in place, across its direction there."""
    offsets = np.moveaxis(grid(ink), 0, -1) - place
    near = (np.abs(offsets) < 1.5 * hand.pen + 1).all(axis=-1)
    covariance = np.cov(offsets[near].T, aweights=ink[near] + 1e-6)
    along, across = np.linalg.eigh(covariance)[1].T[::-1]
    gap = hand.height * random.uniform(0.04, 0.13) / 2
    rubbed = (np.abs(offsets @ along) < max(1, gap)) & (np.abs(offsets @ across) < 1.3 * hand.pen)
    ink[rubbed] = 0


def binarised(random, examples):
    """A scan in black and white alone, in which thin strokes come to pieces."""
    text, hand = gapped_number(random, None, (0.035, 0.07))
    ink = margined(row(text, hand), random, 0.15, 0.8)
    uneven = 0.24 * cloudy(ink.shape, max(3, int(2 * hand.pen)), random)
    mask = ink * random.uniform(0.75, 0.95) + uneven > 0.5
    return Scene(scan(~(mask & (ink > 0.2))), text)


def thin_pen(random, examples):
    """A thin felt pen that fades along its strokes."""
    text, hand = gapped_number(random, None, (0.03, 0.06))
    ink = margined(row(text, hand), random, 0.15, 0.8)
    fading = 0.65 + 0.35 * cloudy(ink.shape, max(4, int(hand.height / 6)), random)
    return Scene(picture(lit(ink * np.clip(fading, 0.02, 1), random), random, hand.height), text)


def plain_pair(random, examples):
    """Two of MNIST's test digits that overlap by one of their pixels, made larger, on white."""
    text, scale = number(random, 2, 2), random.uniform(3, 8)
    first, second = (test_image(int(label), random, examples) for label in text)
    ink = np.pad(pushed(first, second, overlap=1, paper=0), 8)
    size = [round(scale * side) for side in ink.shape[::-1]]
    return Scene(scan(1 - ink).resize(size, Image.Resampling.BICUBIC), text)


def test_image(label, random, examples):
    """Return the ink of any test image of a digit; in pen strokes without MNIST."""
    if examples is None:
        return some_hand(random, None, (20, 20), (0.08, 0.16)).digit(label)
    images = examples.images[examples.labels == label]
    return cropped(images[random.integers(len(images))]) / np.float32(255)


def mnist_pair(random, examples):
    """Two of MNIST's test digits that touch; three to eight times as large, side by side."""
    return mnist_row(random, examples, 2)


def mnist_triple(random, examples):
    return mnist_row(random, examples, 3)


def mnist_row(random, examples, count):
    scale = random.uniform(3, 8)
    text, ink = number(random, count, count), None
    for label in text:
        digit = enlarged(test_image(int(label), random, examples), scale)
        ink = digit if ink is None else pushed(ink, digit, random.integers(1, int(scale) + 1))
    return Scene(on_paper(ink, random, 20 * scale, 0.2, 0.8), text)


def zeros(random, examples):
    """A round number, whose zeros touch."""
    text = str(random.integers(1, 10)) + "0" * random.integers(2, 4)
    hand = some_hand(random, examples, (24, 110), (0.06, 0.14))
    ink = touching(text[1:], hand, max(1, hand.pen * random.uniform(0.2, 1)))
    first = hand.digit(int(text[0]))
    if random.random() < 0.5:
        ink = pushed(first, ink, 1)
    else:
        ink = spaced([first, ink], hand.height * random.uniform(0.08, 0.25))
    return Scene(on_paper(ink, random, hand.height), text)


def lined(random, examples):
    """A number with a ruled line or a stroke through its feet, or just under them."""
    text = number(random, 2, 5)
    hand = some_hand(random, examples, (24, 110), (0.06, 0.14))
    hand.spacing = random.uniform(0.02, 0.25)
    ink = margined(row(text, hand), random, 0.3, 0.8)
    draw_line(ink, hand, random)
    return Scene(picture(lit(ink, random), random, hand.height), text)


def draw_line(ink, hand, random):
    """Draw a line along the feet of a row, in place: as long as the row, or from edge to edge."""
    feet = np.flatnonzero((ink > 0.3).any(axis=1))[-1]
    left, right = np.flatnonzero((ink > 0.3).any(axis=0))[[0, -1]]
    y = feet + hand.height * random.uniform(-0.12, 0.08)
    ends = [left - random.uniform(0, 0.3) * hand.height, right + random.uniform(0, 20)]
    if random.random() < 0.5:
        ends = [-5.0, ink.shape[1] + 5.0]
    line = np.array([[ends[0], 0], [np.mean(ends), random.normal(0, 1)], [ends[1], 0]])
    width = max(1.0, hand.pen * random.uniform(0.3, 0.9))
    put(ink, random.uniform(0.5, 1) * strokes([line], width), ends[0], y)


def climbing(random, examples):
    """A row that climbs or falls by up to 35°."""
    text = number(random, 3, 6)
    hand = some_hand(random, examples, (20, 80), (0.06, 0.14))
    rise = np.tan(np.deg2rad(random.uniform(8, 35))) * random.choice([1, 1, -1])
    return Scene(on_paper(row(text, hand, rise), random, hand.height), text)


def hanging(random, examples):
    """A row in which a 1 hangs lower than its neighbours."""
    text = "1".join((number(random, 1, 2), number(random, 1, 2)))
    hand = some_hand(random, examples, (24, 100), (0.06, 0.14))
    marks, left = [], 0.0
    for character in text:
        ink, top = hand.mark(character)
        lower = hand.height * random.uniform(0.2, 0.5) if character == "1" else 0
        marks.append((ink, left, top + lower))
        left += ink.shape[1] + hand.height * random.uniform(0.03, 0.25)
    return Scene(on_paper(joined(marks), random, hand.height), text)


def other_hand(random, examples):
    """A digit, or a number, in a writing style that no training image has."""
    text = number(random, 1, 1) if random.random() < 0.7 else number(random, 2, 4)
    hand = some_hand(random, None, (20, 250 if len(text) == 1 else 100), (0.05, 0.15))
    hand.styles = {n: styles[random.integers(len(styles))] for n, styles in enumerate(HANDS)}
    return Scene(on_paper(row(text, hand), random, hand.height), text)


def full_page(random, examples):
    """A page of eleven rows of digits."""
    hand = some_hand(random, examples, (22, 44), (0.06, 0.14))
    hand.spacing = random.uniform(0.2, 0.45)
    texts = [number(random, 4, 10) for _ in range(11)]
    return Scene(on_paper(rows(texts, hand), random, hand.height, 0.02, 0.1), "/".join(texts))


def page_of_text(random, examples):
    """A page of words, in print or by hand."""
    height, lines = random.uniform(14, 30), []
    is_print = random.random() < 0.5
    for _ in range(random.integers(6, 14)):
        if is_print:
            lines.append(printed(random.choice(LINES), height))
        else:
            lines.append(letters(int(random.integers(12, 24)), height, random))
    places = [(ink, 0, 1.9 * height * n) for n, ink in enumerate(lines)]
    return Scene(on_paper(joined(places), random, height, 0.03, 0.15), "")


def letters(count, height, random):
    """Return a line of letters in pen strokes, some of which begin a word."""
    marks, left = [], 0.0
    for letter in random.integers(0, 28, count):  # the letters of `pen_strokes.SIGNS`
        ink = sign(letter, height, max(1.2, 0.1 * height))
        marks.append((ink, left, height - len(ink)))
        left += ink.shape[1] + height * random.choice([0.25, 0.3, 0.9])
    return joined(marks)


def turned(random, examples):
    """Several digits, turned by one to three quarters; nothing in the file tells."""
    texts = [number(random, 2, 6) for _ in range(random.integers(2, 5))]
    texts[0] += "".join(random.choice(list(ONE_WAY_UP), 2))
    hand = some_hand(random, examples, (24, 80), (0.06, 0.14))
    image = on_paper(rows(texts, hand), random, hand.height, 0.1, 0.4)
    turn = random.choice([Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, 4])
    return Scene(image.transpose(Image.Transpose(int(turn))), "/".join(texts))


def single_upright(random, examples):
    """One digit, upright; more often one that is another, or the same, upside down."""
    label = str(random.choice([6, 9, 6, 9, 0, 1, 8, 5, 2, 7, 4, 3]))
    hand = some_hand(random, examples, (24, 250), (0.06, 0.16))
    return Scene(on_paper(hand.digit(int(label)), random, hand.height), label)
