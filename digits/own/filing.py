"""File a picture under its true label, where `train_model.py --own` can learn from it."""

from digits import UserError
from digits.command_line import ROOT
from digits.files import printable, whole_file
from digits.own.labels import ROWS_IN_NAME, is_label

FOLDER = ROOT / "my_digits"


class Filing:
    """The picture that was answered last: its true label may be told."""

    def __init__(self):
        self.name, self.content, self.filed = None, None, None

    def offer(self, name, content):
        """Take the file name of a picture and a function that returns its bytes; None for none."""
        self.name, self.content, self.filed = name, content, None

    def file(self, label):
        """Copy the picture to `FOLDER` under a label, and return its path.

        Told another label, it is moved. Raises UserError for no picture, no label, or a failure.
        """
        if not label or not is_label(label):
            raise UserError(
                f"{printable(label) or 'nothing'} is no number: type its digits, as in =7, with a"
                " slash between rows, as in =12/34"
            )
        if self.name is None:
            raise UserError("no picture to file: name one first (test images are not filed)")
        content = self.content()
        path = place(f"{label.replace('/', ROWS_IN_NAME)}_{self.name}", content)
        with whole_file(path) as partial:
            partial.write_bytes(content)
        if self.filed not in (None, path):
            self.filed.unlink(missing_ok=True)
        self.filed = path
        return path


def place(name, content):
    """Return a path in `FOLDER` that is free, or already holds this picture."""
    path, number = FOLDER / name, 1
    while path.exists() and path.read_bytes() != content:
        number += 1
        path = (FOLDER / name).with_stem(f"{(FOLDER / name).stem}_{number}")
    return path
