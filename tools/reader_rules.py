#!/usr/bin/env python3
"""Change every number and rule of the picture reader, one at a time, and print what is lost.

A change is read on labelled folders, as `picture_table.py` takes them, and on the golden pages of
the tests. With --check, each rule's own golden page must be misread when the rule is off.
"""

import sys
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from types import CodeType, FunctionType
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import golden_pages
from picture_table import Reading, labelled

from digits import answers, centring, ink, marks, model_file, pictures, pieces, writing
from digits.command_line import Parser, add_model, run
from digits.errors import UserError
from digits.files import user_path

READER = (ink, marks, pieces, writing, centring, pictures, answers)
FINDS_INK = (ink, marks, pictures)  # after a change in these, the ink has to be found anew
NEVER, ALWAYS = np.inf, 0  # thresholds that nothing reaches, and that everything does

EXAMPLES = """\
  python tools/reader_rules.py --check
  python tools/reader_rules.py my_pictures more_pictures
  python tools/reader_rules.py my_pictures --only WIDEST_STROKE ruling"""


class Rule(NamedTuple):
    """A number or function of a module, what switches it off, and the golden page it is for.

    With `inline`, it is that number within the function.
    """

    module: object
    attribute: str
    off: object
    page: str = ""
    inline: float | None = None

    @property
    def name(self):
        number = "" if self.inline is None else f" {self.inline}"
        return f"{self.module.__name__.split('.')[-1]}.{self.attribute}{number}"


NUMBERS = [
    Rule(ink, "LEAST_CONTRAST", 0, "watermark"),
    Rule(ink, "NOISE_MARGIN", 0, "wood"),
    Rule(ink, "WIDEST_STROKE", 1.2, "shadow_between"),
    Rule(ink, "WIDEST_STROKE", 0.2, "thick_marker"),
    Rule(ink, "SMALL_SIDE", 0, "broken_and_small"),
    Rule(ink, "WIDEST_SMALL_STROKE", ink.WIDEST_STROKE, "small_and_thick"),
    Rule(ink, "LEAST_PAPER", 0.5, "more_ink_than_paper"),
    Rule(ink, "STROKE_WIDTHS", (0.12,), "price_tag"),
    Rule(ink, "FULL_CONTRAST", 1.0, "small_and_thick"),
    Rule(ink, "SAMPLED_SIDE", 10_000),
    Rule(ink, "JUDGED_SIDE", 10_000),
    Rule(ink, "COMPARED_SIDE", 10_000),
    Rule(ink, "LEAST_ODDS", 0.5, "price_tag"),
    Rule(ink, "SHARE_OF_THRESHOLD", 1e9, "rough_paper"),
    Rule(ink, "LEAST_RANGE", 0),
    Rule(ink, "FULL_QUANTILE", 1.0, "pressed_pencil"),
    Rule(ink, "GRAINY_SIDE", 10_000, "bad_light"),
    Rule(ink, "GRAINY_SIDE", 0, "small_and_sharp"),
    Rule(ink, "SHARE_OF_INK", 0.01, "rubbed_out"),
    Rule(ink, "SHARE_OF_FINE_INK", ink.SHARE_OF_INK),
    Rule(ink, "FINE", 0),
    Rule(ink, "LIGHT_SIDE", None),
    Rule(ink, "LIGHT_STEPS", 1, "letter_lit_from_a_side"),
    Rule(ink, "STEEPEST_LINE", 0, "ruled_askew"),
    Rule(ink, "LINE_SLOPES", None),
    Rule(ink, "LINE_RUN", 0, "squared"),
    Rule(ink, "LINE_WIDTH", 1.0, "bar_from_edge_to_edge"),
    Rule(ink, "NEAR_EDGE", 0, "ruled_with_margin"),
    Rule(ink, "LEAST_LINED_SIDE", 0),
    Rule(pieces, "LEAST_AREA", 0),
    Rule(pieces, "LEAST_SIDE", 0),
    Rule(pieces, "FLAT", NEVER, "underline"),
    Rule(pieces, "WIDEST_BAR", NEVER, "underline"),
    Rule(pieces, "SOLID", NEVER),
    Rule(pieces, "ALONG_EDGE", NEVER, "sudoku_cell"),
    Rule(pieces, "TIGHT", NEVER, "cut_out_tightly"),
    Rule(pieces, "FAINT", 0, "crease"),
    Rule(pieces, "BODY", 0, "comma"),
    Rule(pieces, "CUTS", 0, "touching"),
    Rule(pieces, "NARROWEST", 0.05),
    Rule(pieces, "LEAST_TO_CUT", 0),
    Rule(pieces, "TO_BE_CUT", 0, "letters"),
    Rule(pieces, "FULL_INK", 1.0, "pressed_pencil"),
    Rule(pieces, "LEAST_INK", 0),
    Rule(pieces, "EDGE", 0),
    Rule(writing, "MOST_MARKS", NEVER, "rings"),
    Rule(writing, "MOST_READ", NEVER),
    Rule(writing, "SPECK", 0, "dust"),
    Rule(writing, "SAME_ROW", 0, "staggered_rows"),
    Rule(writing, "SAME_ROW", NEVER, "sloping_row"),
    Rule(writing, "NEAR", 0, "gap_beside"),
    Rule(writing, "ABOVE", NEVER, "gap_above"),
    Rule(writing, "GAP_ABOVE", NEVER, "ones_above_ones"),
    Rule(writing, "GAP_ABOVE", 0, "gap_above"),
    Rule(writing, "MOST_PIECES", NEVER),
    Rule(writing, "WIDEST", NEVER),
    Rule(writing, "WIDEST_GAP", NEVER),
    Rule(writing, "APART", 0),
    Rule(writing, "TOUCHING", 0),
    Rule(writing, "GAP", 0),
    Rule(writing, "DROPPED", 0, "gap_beside"),
    Rule(writing, "CUT", 0, "broad_hand"),
    Rule(writing, "BROAD", NEVER, "touching_and_slanted"),
    Rule(writing, "TOO_BROAD", 0, "touching_and_slanted"),
    Rule(writing, "CROWDED", NEVER, "hatching_below"),
    Rule(writing, "NO_DIGIT", 0, "letters"),
    Rule(writing, "PART", NEVER, "page_of_letters"),
    Rule(writing, "MOST_ELSE", NEVER, "page_of_letters"),
    Rule(writing, "TRIFLE", 0, "page_of_letters"),
    Rule(writing, "MOST_ONES", 1000, "barcode"),
    Rule(writing, "WELL_READ", NEVER, "letters_below"),
    Rule(writing, "BADLY_READ", 0, "letters_below"),
    Rule(centring, "WORKING_SIDE", None),
    Rule(centring, "THIN", 0),
    Rule(centring, "NORMAL", 0),
    Rule(pictures, "LARGEST_SIDE", None),
    Rule(pictures, "CLEARER", NEVER, "red_on_green"),
    Rule(answers, "SURE", 0, "seven_or_one"),
    Rule(ink, "contrast", 1.0, "red_on_green", 0.99),
    Rule(ink, "lines_alone", NEVER, "squared", 1.5),
    Rule(pictures, "paper_behind", NEVER, "white_on_transparent", 0.5),
    Rule(writing, "Reader.inner", NEVER, "row_cut_by_the_edge", 0.5),
    Rule(centring, "with_pen_of_mnist", 0.0, "", 0.5),
]

RULES = [
    Rule(ink, "evenly_lit", lambda grey: grey, "letter_lit_from_a_side"),
    Rule(ink, "light_share_of_edge", lambda grey: 0.5, "letter_lit_from_a_side"),
    Rule(ink, "narrow_ink", lambda grey: 1.0, "letter_lit_from_a_side"),
    Rule(ink, "odds_of_dark_ink", lambda grey: (0.5, 0.5), "letter_lit_from_a_side"),
    Rule(ink, "smoothed", lambda values: values, "bad_light"),
    Rule(ink, "ruling", np.zeros_like, "squared"),
    Rule(ink, "upright_run", np.ones_like, "squared"),
    Rule(writing, "slices", lambda ink, piece, height: [piece], "touching"),
    Rule(writing, "is_lost", lambda rows, marks: False, "page_of_letters"),
    Rule(writing, "may_be_one", lambda ink, marks: False, "broken_and_small"),
    Rule(writing, "writing_among", lambda rows: rows, "letters_below"),
    Rule(writing, "without_bars", lambda rows: rows, "barcode"),
    Rule(writing, "is_crowded", lambda row: False, "hatching_below"),
    Rule(writing, "Reader.put_near", lambda self, piece, rows: None, "gap_beside"),
    Rule(writing, "Reader.inner", lambda self, rows: rows, "row_cut_by_the_edge"),
    Rule(writing, "Reader.joined_above", lambda self, pieces: pieces, "gap_above"),
    Rule(centring, "with_pen_of_mnist", lambda ink: ink),
]


class Change(NamedTuple):
    """A rule and what it is changed to, "off", "half" or "double"."""

    rule: Rule
    kind: str
    value: object

    @property
    def needs(self):
        """The golden page that must be misread, if the rule is off and has one."""
        return self.rule.page if self.kind == "off" else ""


def main():
    arguments = parse()
    changes = [each for each in all_changes() if is_wanted(each, arguments.only, arguments.kinds)]
    predict = remembering(model_file.predictor(arguments.model, arguments.trust))
    if arguments.check:
        return check(changes, predict)
    known = [row[:2] for folder in arguments.folders for row in labelled(folder, None)]
    known = [(path, label, pictures.read(path)) for path, label in known]
    before = outcomes(known, predict)
    print(f"{sum(before.values())} of {len(before)} are right as it is")
    early = [change for change in changes if change.rule.module in FINDS_INK]
    late = [change for change in changes if change not in early]
    with ink_kept(known):
        report(late, known, before, predict)
    report(early, known, before, predict)
    return 0


def report(changes, known, before, predict):
    """Print a line for each change: which of the known pictures are lost, and which won."""
    for change in changes:
        with changed(change):
            after = outcomes(known, predict)
        print(row_of(change, before, after), flush=True)


def is_wanted(change, only, kinds):
    """Return whether a change is of those kinds and, if any are named, of those rules."""
    return change.kind in kinds and (not only or any(name in change.rule.name for name in only))


def parse():
    parser = Parser(__doc__, EXAMPLES)
    parser.add_argument("folders", type=user_path, nargs="*", metavar="FOLDER", help="labelled")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these rules and numbers alone")
    parser.add_argument("--kinds", nargs="+", default=["off", "half", "double"], metavar="KIND")
    parser.add_argument("--check", action="store_true", help="read the golden pages alone")
    add_model(parser)
    return parser.parse_args()


def all_changes():
    """Return every `Change` of every rule, or raise UserError where the reader has none such."""
    return [change for rule in NUMBERS + RULES for change in changes_of(rule)]


def changes_of(rule):
    """Return the `Change`s of a rule: off, and a number also at half and at double its value."""
    owner = owner_of(rule)
    value = rule.inline or getattr(owner, rule.attribute.split(".")[-1])
    off = [] if rule.off is None else [Change(rule, "off", rule.off)]
    if callable(value):
        return off
    factors = {"half": 0.5, "double": 2}
    return off + [Change(rule, kind, scaled(value, factors[kind])) for kind in factors]


def owner_of(rule):
    """Return the module or class whose attribute a rule is."""
    path = rule.attribute.rpartition(".")[0]
    try:
        attrgetter(rule.attribute)(rule.module)
        return attrgetter(path)(rule.module) if path else rule.module
    except AttributeError as error:
        raise UserError(f"the reader has no {rule.name}: mend the table of {__file__}") from error


def scaled(value, factor):
    """Return a number, or each of several, times a factor, whole where it was."""
    if isinstance(value, tuple):
        return tuple(scaled(each, factor) for each in value)
    return type(value)(value * factor)


@contextmanager
def changed(change):
    """In this block the reader's rule is changed, in every module that uses it."""
    owner, name = owner_of(change.rule), change.rule.attribute.split(".")[-1]
    before = getattr(owner, name)
    after = change.value if change.rule.inline is None else with_number(before, change)
    users = [each for each in (owner, *READER) if vars(each).get(name) is before]
    for user in users:
        setattr(user, name, after)
    try:
        yield
    finally:
        for user in users:
            setattr(user, name, before)


def with_number(function, change):
    """Return a function in which another number stands for the inline one of a change."""
    copy = FunctionType(function.__code__, function.__globals__, function.__name__)
    copy.__code__ = with_constant(function.__code__, change.rule.inline, change.value)
    if copy.__code__ == function.__code__:
        raise UserError(f"the reader has no {change.rule.name}: mend the table of {__file__}")
    return copy


def with_constant(code, old, new):
    """Return code in which one constant stands for another, also in the functions within it."""
    constants = [
        with_constant(each, old, new)
        if isinstance(each, CodeType)
        else new
        if isinstance(each, float) and each == old
        else each
        for each in code.co_consts
    ]
    return code.replace(co_consts=tuple(constants))


def remembering(predict):
    """Return `predict` for images, uint8 (n, 28, 28), which computes no image's answer twice."""
    known = {}

    def remembered(images):
        keys = [image.tobytes() for image in images]
        new = {key: image for key, image in zip(keys, images, strict=True) if key not in known}
        if new:
            known.update(zip(new, predict(np.stack(list(new.values()))), strict=True))
        return np.stack([known[key] for key in keys])

    return remembered


def outcomes(known, predict):
    """Return whether each picture's answer is right, by its path."""
    found = {}
    for path, label, picture in known:
        answer = answers.of_drawing(picture, predict)
        found[path] = Reading(path, label, "", answer).is_right
    return found


@contextmanager
def ink_kept(known):
    """In this block the ink of known pictures is not found anew."""
    greys = {id(picture): pictures.brightness(picture) for *_, picture in known}
    inks = {id(grey): ink.likely(grey) for grey in greys.values()}
    find = pictures.brightness, ink.likely
    pictures.brightness, ink.likely = lambda p: greys[id(p)], lambda g: inks[id(g)]
    try:
        yield
    finally:
        pictures.brightness, ink.likely = find


def row_of(change, before, after):
    """Return a line: the change, how many pictures are lost and won, and which are lost."""
    lost = [path.name for path in before if before[path] and not after[path]]
    won = [path.name for path in before if after[path] and not before[path]]
    start = f"{change.rule.name:32} {change.kind:7} lost {len(lost):3} won {len(won):3}"
    return f"{start}  -{lost[:5]} +{won[:5]}"


def check(changes, predict):
    """Print whether each rule's golden page is misread without it, and return an exit status."""
    changes = [change for change in changes if change.needs]
    kept = [change for change in changes if is_read_anyhow(change, predict)]
    for change in changes:
        outcome = "still read" if change in kept else "misread"
        print(f"{change.rule.name:32} {change.needs:24} {outcome}")
    return 2 if kept else 0


def is_read_anyhow(change, predict):
    """Return whether a change's golden page is read as if nothing had been changed."""
    with changed(change):
        read = golden_pages.read_text(golden_pages.drawn(change.needs), predict)
    return read == golden_pages.GOLDEN[change.needs].text


if __name__ == "__main__":
    run(main)
