#!/usr/bin/env python3
"""Time a prediction against the usual script, and 10,000 images against Keras: two minutes.

Whole processes, from the start of Python to the answer, one of each kind in turn. Needs a system
that tells a process's memory, as Linux and macOS do.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from digits import UserError
from digits.command_line import PRETRAINED, Parser, run, whole_number

EXAMPLES = """\
  python benchmarks/speed_table.py
  python benchmarks/speed_table.py --runs 3"""

PICTURE = ROOT / "examples" / "pencil_7.jpg"
IMAGES = 10_000
KILOBYTE = 1 if sys.platform == "darwin" else 1024  # the unit of a process's memory, in bytes

USUAL = f"""
import numpy as np
import tensorflow as tf
from PIL import Image
model = tf.keras.models.load_model({str(PRETRAINED)!r})
image = Image.open({str(PICTURE)!r}).convert("L").resize((28, 28))
pixels = 255 - np.asarray(image, np.float32).reshape(1, 28, 28, 1)
print(model.predict(pixels, verbose=0).argmax())
"""
OF_IMAGES = """
{setup}
import time
import numpy as np
images = np.load({path!r})
predict(images[:500])
started = time.perf_counter()
predict(images)
print(time.perf_counter() - started)
"""
NUMPY = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from digits.network import predictor
predict = predictor.load(Path({str(PRETRAINED)!r}))
"""
KERAS = f"""
import keras
model = keras.models.load_model({str(PRETRAINED)!r})
predict = lambda images: model.predict(images[..., None], batch_size=500, verbose=0)
"""


def main():
    arguments = parse()
    if not hasattr(os, "wait4"):
        raise UserError("no way to tell a process's memory here: run it on Linux or macOS")
    print("| what | this project | usual | times faster | memory | usual |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        print(row("a picture, a new process", *predictions(Path(folder), arguments.runs)))
        print(row(f"{IMAGES:,} images", *throughputs(Path(folder), max(1, arguments.runs // 3))))
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    count = whole_number(1, 1000)
    parser.add_argument(
        "--runs", type=count, default=11, metavar="N", help="number of runs of each"
    )
    return parser.parse_args()


def predictions(folder, runs):
    """Return two lists of (seconds, bytes): of this project's script, and of the usual one."""
    usual = folder / "usual.py"
    usual.write_text(USUAL, encoding="utf-8")
    ours = [ROOT / "predict_image.py", "--no-show", PICTURE]
    pairs = [(measured(*ours)[:2], measured(usual)[:2]) for _ in range(runs + 1)]
    return zip(*pairs[1:], strict=True)  # the first run of each brings the files into memory


def throughputs(folder, runs):
    """Return the same of predicting many images, without the time it takes to get ready."""
    images = np.random.default_rng(1).integers(0, 256, (IMAGES, 28, 28), np.uint8)
    np.save(folder / "images.npy", images)
    scripts = []
    for name, setup in (("numpy", NUMPY), ("keras", KERAS)):
        scripts.append(folder / f"{name}_images.py")
        script = OF_IMAGES.format(path=str(folder / "images.npy"), setup=setup)
        scripts[-1].write_text(script, encoding="utf-8")
    pairs = [[measured(each)[1:] for each in scripts] for _ in range(runs)]
    return zip(*[[(float(said), memory) for memory, said in pair] for pair in pairs], strict=True)


def measured(*command):
    """Return the seconds, the most bytes of memory, and the output of a new Python process."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    said, complaint = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status  # it has been waited for
    if status:
        last_words = complaint.strip().splitlines()[-1:] or [f"it ended with status {status}"]
        raise UserError(f"{Path(command[0]).name} failed: {last_words[0]}")
    return time.perf_counter() - started, usage.ru_maxrss * KILOBYTE, said


def row(what, ours, usual):
    """Return a row of the table, by the medians of (seconds, bytes) of both."""
    (seconds, memory), (usual_seconds, usual_memory) = map(medians, (ours, usual))
    return (
        f"| {what} | {seconds:.2f} s | {usual_seconds:.2f} s | {usual_seconds / seconds:.1f}"
        f" | {memory / 1e6:.0f} MB | {usual_memory / 1e6:.0f} MB |"
    )


def medians(measurements):
    return [median(values) for values in zip(*measurements, strict=True)]


if __name__ == "__main__":
    run(main)
