"""File a picture under its true label, where `train_model.py --own` can learn from it."""

from contextlib import suppress

from digits import UserError
from digits.command_line import ROOT
from digits.files import as_user_error, printable, shown, whole_file
from digits.own import labels
from digits.page import pictures

FOLDER = ROOT / "my_digits"


class Filing:
    """The picture that was answered last: its true label may be told."""

    def __init__(self):
        self.forget()

    def forget(self):
        self.name, self.content = None, None

    def offer(self, name, content):
        """Take a picture's file name and bytes."""
        self.name, self.content = name, content

    def offer_file(self, path):
        """Take a picture file, unless it cannot be read or is not named as a picture."""
        with suppress(OSError, ValueError):  # its answer says why
            if pictures.is_picture(path):
                self.offer(path.name, path.read_bytes())

    def file(self, label):
        """Put the picture into `FOLDER` under a label, and return its path.

        A copy that is there under another label is removed. Raises UserError for no picture, no
        label, or a folder that cannot take it.
        """
        if not label or not labels.is_label(label):
            raise UserError(
                f"{printable(label) or 'nothing'} is no number: type its digits, as in =7, with a"
                " slash between rows, as in =12/34"
            )
        if self.name is None:
            raise UserError("no picture to file: name one first (test images are not filed)")
        if (FOLDER / labels.TABLE).is_file():
            table = shown(FOLDER / labels.TABLE)
            raise UserError(f"{table} says which pictures there are: add a row there instead")
        with as_user_error(FOLDER):
            return self.filed(labels.name_with(label, self.name))

    def filed(self, name):
        path, copies = place(name, self.content)
        with whole_file(path) as partial:
            partial.write_bytes(self.content)
        for copy in copies:
            copy.unlink()
        return path


def place(name, content):
    """Return a path in `FOLDER` to file a picture at, and the paths of copies of it elsewhere."""
    there = pictures.in_folder(FOLDER) if FOLDER.is_dir() else []
    copies = [path for path in there if is_copy(path, content)]
    path, number = FOLDER / name, 1
    while path.exists() and path not in copies:
        number += 1
        path = (FOLDER / name).with_stem(f"{(FOLDER / name).stem}_{number}")
    return path, [copy for copy in copies if copy != path]


def is_copy(path, content):
    return path.stat().st_size == len(content) and path.read_bytes() == content
