"""The labels of a folder of pictures: a table, subfolders named 0 to 9, or the pictures' names."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

from digits import UserError
from digits.files import shown
from digits.page import pictures

TABLE = "labels.csv"
DIGITS = tuple("0123456789")
LABEL = re.compile(r"([0-9]+(/[0-9]+)*)?")
ROWS_IN_NAME = "+"  # a file's name can have no slash
NAMED = re.compile(r"^(?![0-9]{8}_[0-9]{6})([0-9]+(?:\+[0-9]+)*)_")  # cameras name by date and time
WAYS = (
    f"name each like 7_kitchen.jpg, put it into a folder 0 to 9, or add a {TABLE} with the columns"
    " file and label"
)


class Labelled(NamedTuple):
    """A picture and its label: its digits, a slash between rows; empty for one without digits."""

    path: Path
    label: str
    kind: str  # to count it with others of the kind


def has_labels(folder):
    """Whether a path is a folder with a table of labels or pictures: what `labelled` reads."""
    if not folder.is_dir():
        return False
    return (folder / TABLE).is_file() or any(label for _, label in candidates(folder))


def labelled(folder, column=None):
    """Return the `Labelled` pictures of a folder, and a sentence for each picture without a label.

    The kind is the value in a `column` of the table, else says how many digits there are. Raises
    UserError if the folder or its table cannot be read, or if no picture has a label.
    """
    has_table = (folder / TABLE).is_file()
    if column and not has_table:
        raise UserError(f"no {shown(folder / TABLE)}, and so no column {column}: leave out --by")
    found = in_table(folder, column) if has_table else in_names(folder)
    valid = [each for each in found if is_label(each.label)]
    if not valid:
        raise UserError(f"no picture with a label in {shown(folder)}: {WAYS}")
    way_on = f"correct the {TABLE}" if has_table else "name it like 7_kitchen.jpg"
    return valid, [without_label(each, way_on) for each in found if not is_label(each.label)]


def in_table(folder, column):
    """Return the `Labelled` pictures of a table; those that it does not list have no label."""
    found = [of_row(folder, row, column) for row in rows_of(folder / TABLE, column)]
    listed = {each.path for each in found}
    others = [path for path in pictures.in_folder(folder) if path not in listed]
    return found + [Labelled(path, None, "") for path in others]


def in_names(folder):
    if not folder.is_dir():
        raise UserError(f"no folder {shown(folder)}: name one with pictures and their labels")
    return [Labelled(path, label, kind_of(label)) for path, label in candidates(folder)]


def is_label(text):
    return text is not None and bool(LABEL.fullmatch(text))


def without_label(each, way_on):
    has_none = each.label is None
    why = "it has no label" if has_none else f"its label {each.label!r} is not digits alone"
    return f"{shown(each.path)}: not used, {why}; {way_on}"


def candidates(folder):
    """Yield the path and label of each picture in a folder; None if it has no label."""
    for digit in DIGITS:
        if (folder / digit).is_dir():
            yield from ((path, digit) for path in pictures.in_folder(folder / digit))
    for path in pictures.in_folder(folder):
        named = NAMED.match(path.name)
        yield path, named and named[1].replace(ROWS_IN_NAME, "/")


def name_with(label, name):
    """Return the name of a picture file with a label in it, in place of the one that it has."""
    return f"{label.replace('/', ROWS_IN_NAME)}_{NAMED.sub('', name, count=1)}"


def rows_of(path, column):
    """Return the rows of a table of labels as dicts."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            delimiter = ";" if ";" in file.readline() else ","  # where a comma is a decimal point
            file.seek(0)
            rows = list(csv.DictReader(file, restval="", delimiter=delimiter))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"cannot read {shown(path)}: save it as a CSV in UTF-8") from error
    wanted = {"file", "label", *([column] if column else [])}
    if not rows or not wanted <= rows[0].keys():
        columns = ", ".join(sorted(wanted))
        raise UserError(f"{shown(path)} lacks rows, or one of the columns {columns}: add them")
    return rows


def of_row(folder, row, column):
    label = row["label"].strip()
    return Labelled(folder / row["file"], label, (column and row[column]) or kind_of(label))


def kind_of(label):
    """Return the kind of a label by its number of digits."""
    return {0: "no digit", 1: "one digit"}.get(len(label or ""), "several digits")
