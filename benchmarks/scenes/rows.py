"""Scenes of one row each, by hand or in print: to fit the costs of reading it."""

import numpy as np
from golden_pages import sign
from PIL import Image

from scenes.figures import printed, segment_row, slanted, spaced
from scenes.hands import row
from scenes.surroundings import Scene, number, on_paper, some_hand
from scenes.writing import (
    binarised,
    dirty,
    dry_pen,
    gapped_number,
    lined,
    mnist_pair,
    mnist_triple,
    zeros,
)

READ = ("-d", "-dd", "d.d", "dd.d", "d.dd", "d,d", "dd,dd", "d,ddd", "d/d", "dd/dd", "dd-d")


def single(random, examples):
    return written(random, examples, 1, 1, 200)


def apart(random, examples):
    return written(random, examples, 2, 5)


def close(random, examples):
    """A number whose digits nearly touch."""
    return written(random, examples, 2, 4, spacing=random.uniform(0.02, 0.08))


def written(random, examples, least, most, largest=110, spacing=None):
    """A number by hand, its digits up to `largest` pixels high."""
    text, hand, ink = inked(random, examples, least, most, largest, spacing)
    return Scene(on_paper(ink, random, hand.height), text)


def inked(random, examples, least=1, most=3, largest=110, spacing=None):
    """Return a number as text, its hand, and its ink."""
    text = number(random, least, most)
    hand = some_hand(random, examples, (20, largest))
    hand.spacing = spacing or hand.spacing
    return text, hand, row(text, hand)


def leaning(random, examples):
    """A number in a hand that leans far, mostly to the right."""
    text, hand, ink = inked(random, examples)
    side = -1 if random.random() < 0.25 else 1
    ink = slanted(ink[:, ::side], random.uniform(0.25, 0.6))[:, ::side]
    return Scene(on_paper(ink, random, hand.height), text)


def broad(random, examples):
    """A number in a hand that is broad."""
    text, hand, ink = inked(random, examples)
    size = round(ink.shape[1] * random.uniform(1.25, 1.8)), ink.shape[0]
    wide = Image.fromarray(ink.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    return Scene(on_paper(np.asarray(wide), random, hand.height), text)


def cut(random, examples):
    """A number whose digits have a gap from side to side, or from top to bottom."""
    text, hand = gapped_number(random, examples, (0.06, 0.14))
    inks = [with_gap(hand.digit(int(each)), hand.height, random) for each in text]
    return Scene(on_paper(spaced(inks, 0.25 * hand.height), random, hand.height), text)


def with_gap(ink, height, random):
    """Return ink without a band of 3 to 15 % of the height, somewhere inside."""
    ink = ink.copy()
    lines = ink.T if random.random() < 0.5 else ink  # a view
    start = round(len(lines) * random.uniform(0.2, 0.8))
    lines[start : start + max(1, round(height * random.uniform(0.03, 0.15)))] = 0
    return ink


def read_signs(random, examples):
    """A number with a minus, a point, a comma or a slash."""
    pattern = READ[random.integers(len(READ))]
    text = "".join(number(random, 1, 1) if each == "d" else each for each in pattern)
    hand = some_hand(random, examples, (26, 110), (0.06, 0.14))
    digits = "".join(filter(str.isdigit, text))
    return Scene(on_paper(row(text, hand), random, hand.height), digits, text)


def with_letter(random, examples):
    """A number with a letter, as of its unit, before or behind it."""
    text, hand, ink = inked(random, examples, 1, 4)
    letter = sign(random.integers(0, 28), hand.height, hand.pen)
    inks = [ink, letter] if random.random() < 0.7 else [letter, ink]
    ink = spaced(inks, hand.height * random.uniform(0.2, 0.6))
    return Scene(on_paper(ink, random, hand.height), text)


def in_print(random, examples):
    """A number in print, or in seven segments."""
    text, height = number(random, 1, 5), random.uniform(20, 90)
    if random.random() < 0.5:
        ink = printed(text, height, random.uniform(0, 0.14))
    else:
        ink = segment_row(text, height, random)
    return Scene(on_paper(ink, random, height), text)


SHARES = {  # of the rows, in per cent
    single: 14,
    apart: 14,
    close: 8,
    mnist_pair: 10,
    mnist_triple: 5,
    zeros: 5,
    leaning: 7,
    broad: 6,
    dry_pen: 6,
    cut: 6,
    binarised: 4,
    read_signs: 5,
    dirty: 4,
    lined: 2,
    with_letter: 2,
    in_print: 2,
}
