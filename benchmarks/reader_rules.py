#!/usr/bin/env python3
"""Switch off, halve and double each number and rule of the picture reader: what is then misread?

The table counts the pictures of labelled folders, as `evaluate_model.py --own` takes them, that
are lost (right before, wrong after) and won. Without folders, each rule's golden page (one of those
that the tests draw) must be misread when the rule is off.
"""

import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "page")]

import golden_pages

from digits.command_line import Parser, add_model, model_or_default, run
from digits.files import user_path
from digits.network import predictor
from digits.own.labels import labelled
from digits.page import (
    answers,
    filters,
    ink,
    lattice,
    marks,
    pictures,
    pipeline,
    reading,
    rows,
    ruled_lines,
    seams,
    segments,
)

AFTER_INK = (
    seams,
    segments,
    marks,
    rows,
    lattice,
    reading,
    answers,
)  # a change in these leaves the ink as it is
READER = (filters, ruled_lines, ink, pictures, pipeline, *AFTER_INK)
CONFIDENT = 0.9  # a non-digit read with more confidence counts as wrong
NEVER = np.inf  # a threshold that nothing reaches

EXAMPLES = """\
  python benchmarks/reader_rules.py
  python benchmarks/reader_rules.py my_pictures more_pictures"""


class Rule(NamedTuple):
    """A constant or function of a module, what switches it off, and the golden page it is for.

    Without `off`, it has no such value: it bounds time or memory, or is a resolution.
    """

    module: object
    name: str
    off: object = None
    page: str = ""

    @property
    def title(self):
        return f"{self.module.__name__.split('.')[-1]}.{self.name}"

    @property
    def value(self):
        return getattr(self.module, self.name)

    @property
    def values(self):
        """What the rule is changed to: "off", "half", "double" → value."""
        off = {} if self.off is None else {"off": self.off}
        if callable(self.value):
            return off
        return {**off, "half": times(self.value, 0.5), "double": times(self.value, 2)}


def no_signs(segments, bodies, ink):
    return dict.fromkeys(segments, 0.0)


def no_frames(boxes, min_height):
    return np.zeros(len(boxes), bool)


RULES = [
    Rule(pictures, "PAGE_SIDE"),
    Rule(pictures, "COLOUR_GAIN", NEVER, "red_on_green"),
    Rule(pictures, "MARGIN_CONTRAST", NEVER, "scan_with_white_margin"),
    Rule(pictures, "FILLED_SIDE", 0),
    Rule(pictures, "BLURRED_SIDE"),
    Rule(pictures, "background_grey", lambda values, opacity: 1.0, "white_on_transparent"),
    Rule(filters, "LIGHT_STEPS", 1),
    Rule(filters, "MAX_SHARP_SIDE", 10_000, "bad_light"),
    Rule(filters, "MAX_SHARP_SIDE", 0),
    Rule(filters, "evenly_lit", lambda grey: grey, "thick_and_lit_from_a_side"),
    Rule(ink, "MIN_CONTRAST", 0, "watermark"),
    Rule(ink, "NOISE_MARGIN", 0, "wood"),
    Rule(ink, "OTSU_SHARE", 1e9, "rough_paper"),
    Rule(ink, "OTSU_SHARE", 1e9, "small_and_sharp"),
    Rule(ink, "MAX_STROKE_WIDTH", 1.2, "shadow_between"),
    Rule(ink, "MAX_STROKE_WIDTH", 0.2, "thick_marker"),
    Rule(ink, "CROPPED_SIDE", 0, "small_and_dark"),
    Rule(ink, "SMALL_SIDE", 0, "foot_on_the_edge"),
    Rule(ink, "MAX_CROPPED_STROKE_WIDTH", ink.MAX_STROKE_WIDTH, "small_and_thick"),
    Rule(ink, "MIN_BACKGROUND", 0.5, "more_ink_than_paper"),
    Rule(ink, "STROKE_WIDTHS", (0.12,)),
    Rule(ink, "FULL_CONTRAST", 1.0),
    Rule(ink, "POLARITY_SIDE"),
    Rule(ink, "CONTRAST_QUANTILE", 1.0, "red_on_green"),
    Rule(ink, "FULL_QUANTILE", 1.0, "pressed_pencil"),
    Rule(ink, "INK_SHARE", 0.01, "rubbed_out"),
    Rule(ink, "polarity_probabilities", lambda grey: (0.5, 0.5), "underline"),
    Rule(ruled_lines, "ruled_lines", np.zeros_like, "ruled_askew"),
    Rule(ruled_lines, "MAX_SLOPE", 0, "ruled_askew"),
    Rule(ruled_lines, "MIN_RUN", 0, "squared"),
    Rule(ruled_lines, "MAX_LINE_WIDTH", 1.0),
    Rule(ruled_lines, "MAX_LINE_HEIGHT", NEVER, "squared"),
    Rule(ruled_lines, "BORDER_DISTANCE", 0, "ruled_with_margin"),
    Rule(ruled_lines, "MIN_RULED_SIDE", 0, "flat_foot"),
    Rule(ruled_lines, "MAX_FRAME_WIDTH", 0, "boxes_of_a_form"),
    Rule(ruled_lines, "MIN_FRAME_SIDE"),
    Rule(ruled_lines, "STRAIGHT", (NEVER, 0)),
    Rule(ruled_lines, "MIN_FRAMED", 0),
    Rule(segments, "BAR_ASPECT", NEVER, "underline"),
    Rule(segments, "MAX_BAR", NEVER, "underline"),
    Rule(segments, "BLOB_STROKE", NEVER),
    Rule(segments, "BORDER_SHARE", NEVER),
    Rule(segments, "BAR_FILL", NEVER, "bars_of_a_cell"),
    Rule(segments, "BAR_LENGTH", NEVER, "bars_of_a_cell"),
    Rule(segments, "MARGIN", 0, "empty_cell"),
    Rule(segments, "SAME_HEIGHT", 0, "strip"),
    Rule(segments, "MIN_DIGIT_SIDE"),
    Rule(segments, "MIN_TIGHT_SIDE", NEVER, "cut_out_tightly"),
    Rule(segments, "MIN_DARKNESS", 0, "crease"),
    Rule(segments, "MIN_BODY", 0, "comma"),
    Rule(segments, "MIN_PART", 0, "dust"),
    Rule(segments, "MAX_COMPONENTS"),
    Rule(segments, "MAX_ASPECT", NEVER, "page_of_numbers"),
    Rule(segments, "WHITE_QUANTILE", 1.0, "pressed_pencil"),
    Rule(segments, "BOX_SHARE", 0, "faint_shadow"),
    Rule(segments, "THIN_STROKE", 0),
    Rule(segments, "NORMAL_STROKE"),
    Rule(segments, "MAX_WHOLE", 0, "broken"),
    Rule(segments, "encloses", no_frames, "corner_of_a_frame"),
    Rule(segments, "whole_digit", lambda components, numbers: None, "broken_and_small"),
    Rule(segments, "with_visible_strokes", lambda shades: shades),
    Rule(seams, "SEAM_ROWS"),
    Rule(seams, "SEAMS_PER_HEIGHT", 0, "touching"),
    Rule(seams, "MIN_INK", 0, "touching_zeros"),
    Rule(seams, "STEP_COST", 0, "touching_and_overlapping"),
    Rule(seams, "STROKE_COST", 0),
    Rule(seams, "EDGE_COST", 0, "touching_zeros"),
    Rule(rows, "MIN_LEVEL_OVERLAP", 0, "staggered_rows"),
    Rule(rows, "MIN_LEVEL_OVERLAP", NEVER, "sloping_row"),
    Rule(rows, "MAX_ROW_SLOPE", 0, "climbing_row"),
    Rule(rows, "ROW_COST", 0, "broken_one"),
    Rule(rows, "MAX_PART_DISTANCE", 0, "gap_beside"),
    Rule(rows, "MIN_PART_OVERLAP", NEVER, "gap_above"),
    Rule(rows, "MAX_STACKED_GAP", NEVER, "ones_above_ones"),
    Rule(rows, "MAX_STACKED_GAP", 0, "gap_above"),
    Rule(lattice, "GAP_COST", 0),
    Rule(lattice, "OMISSION_COST", 0, "gap_beside"),
    Rule(lattice, "OTHER_COST", NEVER, "letter_behind"),
    Rule(lattice, "SPLIT_COST", 0, "broad_hand"),
    Rule(lattice, "SEAM_COST", 0),
    Rule(lattice, "CONFIDENCE_WEIGHT", 1.0, "touching_zeros"),
    Rule(lattice, "MIN_PROBABILITY", 0.01, "bad_light"),
    Rule(lattice, "MIN_SPLIT_ASPECT", 0),
    Rule(lattice, "MAX_INK"),
    Rule(lattice, "SURE_DIGIT"),
    Rule(lattice, "SURE_ASPECT"),
    Rule(lattice, "RIVALS", 1, "two_ways_to_cut"),
    Rule(lattice, "WIDE_ASPECT", NEVER, "touching_and_slanted"),
    Rule(lattice, "WIDTH_COST", 0, "touching_and_slanted"),
    Rule(reading, "MAX_SEGMENTS"),
    Rule(reading, "SAMPLE"),
    Rule(reading, "MIN_SAMPLE_CONFIDENCE", 0, "page_of_letters"),
    Rule(reading, "MAX_SAME", NEVER, "rings"),
    Rule(reading, "WHOLE_COST", 0, "underline"),
    Rule(reading, "WHOLE_COST", NEVER, "broken"),
    Rule(reading, "UNREAD_COST", 0, "broken_across"),
    Rule(reading, "CHANCE", 0),
    Rule(ink, "DOUBT", 0, "thick_and_tight"),
    Rule(rows, "MAX_RUN", 0, "climbing_row"),
    Rule(lattice, "MAX_MERGED"),
    Rule(reading, "POLARITY_WEIGHT", NEVER, "price_tag"),
    Rule(reading, "MIN_CONFIDENCE", 0, "letters"),
    Rule(reading, "MAX_ROW_OVERLAP", NEVER, "hatching_below"),
    Rule(reading, "MAX_ONES", 1000, "barcode"),
    Rule(reading, "CLEAR_ROW", NEVER, "letters_below"),
    Rule(reading, "UNCLEAR_ROW", 0, "letters_below"),
    Rule(reading, "LARGE_PART", NEVER, "detail"),
    Rule(reading, "MAX_UNREAD", NEVER, "detail"),
    Rule(reading, "MIN_READ_SHARE", 0, "detail"),
    Rule(rows, "MAX_CUT_OFF", NEVER, "row_cut_by_the_edge"),
    Rule(marks, "marks_of", lambda rows, ink: [()] * len(rows), "minus"),
    Rule(marks, "sign_probabilities", no_signs, "slash"),
    Rule(marks, "with_colons", tuple, "colon"),
    Rule(marks, "is_beside", lambda number, place, components: True, "underline"),
    Rule(marks, "REACH", 0, "minus"),
    Rule(marks, "BAND", 100, "cross_above"),
    Rule(marks, "MIN_DOT", NEVER, "point"),
    Rule(marks, "DARKNESS", (0.95, NEVER), "faint_spot"),
    Rule(marks, "OTHER", 0, "degrees"),
    Rule(marks, "DIRT", 0, "spot_behind"),
    Rule(marks, "ALIKE_DIRT", 0, "crumbs"),
    Rule(marks, "ALIKE", 1.0, "crumbs"),
    Rule(marks, "MIN_OTHER", 0, "spot_above"),
    Rule(marks, "AT_END", 1.0, "spot_behind"),
    Rule(marks, "SLASH", 0, "slash"),
    Rule(marks, "SLASH", 100, "leaning_one"),
    Rule(marks, "MAX_DIRT", 1.0, "spot_behind"),
    Rule(pipeline, "MIN_TURNED_DIGITS", 0, "one_sideways"),
    Rule(pipeline, "FAR_SURER", 0, "sideways"),
    Rule(answers, "SURE_CONFIDENCE", 0, "seven_or_one"),
]


def main():
    parser = Parser(__doc__, EXAMPLES)
    parser.add_argument(
        "folders", type=user_path, nargs="*", metavar="FOLDER", help="a folder with labels"
    )
    add_model(parser)
    arguments = parser.parse_args()
    predict = predictor.load(model_or_default(arguments.model), arguments.trust)
    if not arguments.folders:
        return check(predict)
    counts = Counter()
    for folder in arguments.folders:
        for path, label, _ in labelled(folder)[0]:
            counts += lost_and_won(folder, path, label, predict)
    print(*table(counts, arguments.folders), sep="\n")
    return 0


def times(value, factor):
    """Return a number, or each number of a tuple, times a factor, whole if it was."""
    if isinstance(value, tuple):
        return tuple(times(each, factor) for each in value)
    return type(value)(value * factor)


def check(predict):
    """Print the rules without which their golden page is read all the same; return a status."""
    needless = [rule for rule in RULES if rule.page and is_golden_page_read(rule, predict)]
    for rule in needless:
        print(f"{rule.title}: {rule.page} is read without it")
    return 2 if needless else 0


def is_golden_page_read(rule, predict):
    """Whether a rule's golden page is read without the rule."""
    with changed(rule, rule.off):
        return golden_pages.is_read(rule.page, predict)


@contextmanager
def changed(rule, value):
    """In this block a rule has another value, in every module that imported it."""
    before = rule.value
    users = [module for module in READER if vars(module).get(rule.name) is before]
    for module in users:
        setattr(module, rule.name, value)
    try:
        yield
    finally:
        for module in users:
            setattr(module, rule.name, before)


def lost_and_won(folder, path, label, predict):
    """Return a Counter of (rule's title, value, folder, "lost" or "won") for one picture."""
    picture, predict, counts = pictures.load(path), remembering(predict), Counter()
    inks = inks_of(picture)
    before = is_right(label, inks, predict)
    for rule in RULES:
        for value in rule.values.values():
            with changed(rule, value):
                after = is_right(label, inks if rule.module in AFTER_INK else picture, predict)
            if before != after:
                counts[rule.title, value, folder, "lost" if before else "won"] = 1
    return counts


def inks_of(picture):
    return list(pipeline.inks_of(pictures.grey(picture, pictures.for_display(picture))))


def is_right(label, inks, predict):
    """Whether `Ink`s, or those of a PIL image, are read as labelled; not so if reading fails."""
    try:
        rows = pipeline.rows_of(inks if isinstance(inks, list) else inks_of(inks), predict)
    except (IndexError, ValueError, ZeroDivisionError):  # a quantile above 1, say
        return False
    answer = answers.Answer("", answers.status_of(rows), rows=rows)
    return answer.text == label or (not label and answer.confidence <= CONFIDENT)


def remembering(predict):
    """Return `predict`, which then classifies no image twice."""
    known = {}

    def remembered(images):
        new = {image.tobytes(): image for image in images if image.tobytes() not in known}
        if new:
            known.update(zip(new, predict(np.stack([*new.values()])), strict=True))
        return np.stack([known[image.tobytes()] for image in images])

    return remembered


def table(counts, folders):
    """Yield a Markdown table of the pictures lost and won, folder by folder."""
    yield "| number or rule | value | off | half | double | golden page |"
    yield "|---|---|---|---|---|---|"
    for rule in RULES:
        cells = [cell(rule, kind, counts, folders) for kind in ("off", "half", "double")]
        value = "" if callable(rule.value) else rule.value
        yield f"| {rule.title} | {value} | {' | '.join(cells)} | {rule.page} |"


def cell(rule, kind, counts, folders):
    """Return what a rule is changed to, with the pictures lost and won in each folder."""
    value = rule.values.get(kind, "")
    found = [[counts[rule.title, value, each, key] for key in ("lost", "won")] for each in folders]
    words = ", ".join(f"−{lost}/+{won}" for lost, won in found if kind in rule.values)
    return words if callable(value) else f"{value}: {words}".strip(": ")


if __name__ == "__main__":
    run(main)
