#!/usr/bin/env python3
"""Write a model as a SavedModel, the next version in a folder that TensorFlow Serving watches."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from digits.command_line import Parser, add_model, run
from digits.files import printable, shown, user_path

EXAMPLES = """\
  python tools/export_model.py served/digits
  python tools/export_model.py served/digits --model models/fast.h5"""


def main():
    arguments = parse()
    from digits import serving  # after parsing: --help has no use for NumPy

    place = serving.export(arguments.model, arguments.folder, arguments.trust)
    print(printable(f"saved as {shown(place)}"))
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    parser.add_argument("folder", type=user_path, metavar="FOLDER", help="of the model's versions")
    add_model(parser)
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
