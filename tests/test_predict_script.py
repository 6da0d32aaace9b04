"""predict_image.py, run as a user runs it: from another folder, without a screen."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import (
    MNIST_PATH,
    PRETRAINED,
    ROOT,
    assert_quiet,
    assert_refused,
    needs_mnist,
    printed_digits,
)
from PIL import Image

import predict_image
from digits import plots
from digits.own import filing

EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.suffix != ".py")


def test_every_example_is_read_right(run, shipped_model):
    result = run("predict_image.py", *EXAMPLES)
    assert result.returncode == 0
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert len(lines) == len(EXAMPLES) >= 6
    for path, line in zip(EXAMPLES, lines, strict=True):
        assert line.startswith(f"{path}: {text_of(path)} ("), line


def test_folder_stands_for_its_pictures(run):
    result = run("predict_image.py", ROOT / "examples")
    assert len(result.stdout.splitlines()) == len(EXAMPLES)


def test_picture_named_at_the_top_is_read_from_any_folder(run, shipped_model):
    result = run("predict_image.py")
    assert "pencil_7.jpg: 7 (" in result.stdout and result.returncode == 0


def run_edited(path, environment, folder):
    """Run the script with another path at its top, and return what it did."""
    source = (ROOT / "predict_image.py").read_text(encoding="utf-8")
    edited = source.replace('r"examples/pencil_7.jpg"', path)
    assert edited != source
    (folder / "edited.py").write_text(edited, encoding="utf-8")
    command = [sys.executable, folder / "edited.py", "--model", PRETRAINED]
    variables = {**environment, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, check=False, env=variables, capture_output=True, encoding="utf-8"
    )


def test_edited_path_is_read(environment, tmp_path, shipped_model):
    path = str(ROOT / "examples" / "chalk_3.jpg")
    assert "chalk_3.jpg: 3 (" in run_edited(f"r{path!r}", environment, tmp_path).stdout


def test_nul_in_the_edited_path_is_a_sentence(environment, tmp_path):
    result = run_edited(r'"C:\0.jpg"', environment, tmp_path)  # for want of an r
    assert_refused(result, r"no file has a NUL character in its name: C:\x00.jpg; check the path")


def test_prediction_imports_neither_tensorflow_nor_matplotlib_nor_h5py(run):
    result = run("predict_image.py", EXAMPLES[0], python=["-X", "importtime"])
    assert result.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "numpy" in imported, "the listing is there"
    assert imported.isdisjoint({"tensorflow", "keras", "matplotlib", "h5py"})


def test_answer_is_printed_before_the_figure_s_library_is_imported(environment, tmp_path):
    command = ["-X", "importtime", ROOT / "predict_image.py", "--save", tmp_path / "answer.png"]
    result = subprocess.run(
        [sys.executable, *command, EXAMPLES[0]],
        check=True,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    before, after = result.stdout.split(f"{EXAMPLES[0].name}: ")
    assert "matplotlib" in after and "matplotlib" not in before


def test_test_image_comes_with_its_label_and_verdict(run, small_data, small_arrays):
    result = run("predict_image.py", "--index", 0, 199, "--data", small_data)
    for index, line in zip((0, 199), result.stdout.splitlines(), strict=True):
        label = small_arrays["y_test"][index]
        assert f"test image {index}: " in line
        assert f"true label {label}: " in line
        assert line.endswith("right" if f": {label} (" in line else "wrong")


@needs_mnist
def test_test_images_of_mnist_are_read_right(run, shipped_model):
    result = run("predict_image.py", "--index", 0, 1, 2, MNIST_PATH=MNIST_PATH)
    answers = [line.split(": ", 1)[1][0] for line in result.stdout.splitlines()]
    assert answers == ["7", "2", "1"]
    assert result.stdout.count("right") == 3


def test_json_holds_what_the_line_says(run, shipped_model):
    result = run("predict_image.py", "--json", *EXAMPLES)
    for path, line in zip(EXAMPLES, result.stdout.splitlines(), strict=True):
        answer = json.loads(line)
        assert answer["status"] == "ok"
        assert answer["text"] == text_of(path)
        for digit, read in zip(answer["digits"], text_of(path).replace("/", ""), strict=True):
            assert str(digit["digit"]) == read
            assert sum(digit["probabilities"]) == pytest.approx(1, abs=1e-4)
            assert digit["confidence"] == max(digit["probabilities"])
            left, top, right, bottom = digit["box"]
            longest = max(Image.open(path).size)  # it may be turned
            assert 0 <= left < right <= longest and 0 <= top < bottom <= longest


def text_of(example):
    """Return what is written in an example."""
    return "7258/43" if example.stem == "notes" else example.stem[-1]


def test_interactive_answers_until_an_empty_line(run, small_data):
    typed = f"5\n{EXAMPLES[0]}\n'{EXAMPLES[1]}' \ngone.png\n999\n\n{EXAMPLES[2]}\n"
    result = run("predict_image.py", "--interactive", "--data", small_data, stdin=typed)
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 3, result.stdout
    assert "test image 5" in lines[0]
    assert EXAMPLES[0].name in lines[1] and EXAMPLES[1].name in lines[2]
    assert "gone.png" in result.stderr and "no test image 999" in result.stderr


@pytest.fixture
def converse(monkeypatch, tmp_path, capsys):
    """Return a function that types lines to `--interactive`, and the folder where it files.

    It returns what was printed, to stdout and to stderr.
    """
    monkeypatch.setattr(filing, "FOLDER", tmp_path / "my_digits")

    def typed(*lines):
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        options = ["--interactive", "--no-show", "--model", str(PRETRAINED)]
        monkeypatch.setattr(sys, "argv", ["predict_image.py", *options])
        assert predict_image.main() == 0
        return capsys.readouterr()

    return typed, tmp_path / "my_digits"


def test_picture_whose_true_label_is_told_is_filed_under_it(converse):
    typed, folder = converse
    said = typed(
        ROOT / "examples" / "pencil_7.jpg", "=1", ROOT / "examples" / "notes.jpg", "= 12/34"
    )
    assert {path.name for path in folder.iterdir()} == {"1_pencil_7.jpg", "12+34_notes.jpg"}
    source = ROOT / "examples" / "notes.jpg"
    assert (folder / "12+34_notes.jpg").read_bytes() == source.read_bytes()
    assert "1_pencil_7.jpg" in said.err and "train_model.py --own" in said.err
    assert len(said.out.splitlines()) == 2, "the answers alone"


def test_second_label_for_a_picture_takes_the_place_of_the_first(converse):
    typed, folder = converse
    typed(ROOT / "examples" / "pencil_7.jpg", "=1", "=7")
    assert [path.name for path in folder.iterdir()] == ["7_pencil_7.jpg"]


@needs_mnist
def test_test_images_and_folders_are_not_filed(converse, monkeypatch):
    typed, folder = converse
    monkeypatch.setenv("MNIST_PATH", str(MNIST_PATH))
    said = typed(
        "=4",
        ROOT / "examples" / "pencil_7.jpg",
        "3",
        "=4",
        ROOT / "examples",
        "=4",
        "gone.png",
        "=4",
    )
    assert said.err.count("no picture to file") == 4
    assert not folder.exists()


def test_nothing_is_filed_without_being_asked(converse):
    typed, folder = converse
    said = typed(ROOT / "examples" / "pencil_7.jpg", "=", "=seven")
    assert said.err.count("is no number") == 2
    assert not folder.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no such input")
def test_input_that_cannot_be_read_ends_the_conversation(environment):
    descriptor = os.open(os.devnull, os.O_WRONLY)
    command = [sys.executable, ROOT / "predict_image.py", "--interactive", "--model", PRETRAINED]
    result = subprocess.run(
        command, check=False, env=environment, stdin=descriptor, capture_output=True
    )
    os.close(descriptor)
    assert (result.returncode, result.stdout) == (0, b"")
    assert result.stderr == b"test image or picture (Enter to stop): "


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are characters there")
def test_any_bytes_may_be_typed(environment, tmp_path):
    name, folder = b"se\xffven.jpg", tmp_path / "typed"
    folder.mkdir()
    picture = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
    picture.write_bytes((ROOT / "examples" / "chalk_3.jpg").read_bytes())
    result = subprocess.run(
        [sys.executable, ROOT / "predict_image.py", "--interactive", "--model", PRETRAINED],
        check=False,
        cwd=folder,
        env={**environment, "PYTHONUTF8": "0", "LC_ALL": "C.UTF-8"},
        input=b"~\0\n" + name + b"\n\n",
        capture_output=True,
    )
    assert result.returncode == 0
    assert result.stdout.startswith(rb"se\udcffven.jpg: 3 (")
    assert rb"no file has a NUL character in its name: ~\x00; check the path" in result.stderr
    assert b"Traceback" not in result.stderr


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="no such names there")
def test_odd_names_reach_the_terminal_as_text_and_json_as_they_are(run, tmp_path):
    odd = "\x1b[2J\n\u202etxt\udcff"
    picture = tmp_path / "elsewhere" / f"{odd}.jpg"
    picture.write_bytes((ROOT / "examples" / "chalk_3.jpg").read_bytes())
    text = r"\x1b[2J\n\u202etxt\udcff"
    result = run("predict_image.py", picture.name, f"{odd}.gone", "--save", f"{odd}.png")
    assert result.stdout.startswith(f"{text}.jpg: 3 (") and len(result.stdout.splitlines()) == 1
    assert_refused(result, f"{text}.gone: ")
    told = run("predict_image.py", "--json", picture.name).stdout
    assert json.loads(told)["source"] == picture.name


def test_endless_line_ends_the_conversation(run):
    result = run("predict_image.py", "--interactive", stdin="0" * 100_000)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("name", ["seen.png", "seen.pdf", "folder/seen.svg"])
def test_answer_is_saved_as_a_figure(run, tmp_path, name):
    result = run("predict_image.py", EXAMPLES[0], "--save", name)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "elsewhere" / name).stat().st_size > 5000
    assert_quiet(result)


@pytest.mark.parametrize("name", ["costs $5$ {x}^2_3.jpg", "数字 \U0001f600.jpg", "-e.jpg"])
def test_odd_names_are_read_and_drawn(run, tmp_path, name, shipped_model):
    picture = tmp_path / "elsewhere" / name
    picture.write_bytes((ROOT / "examples" / "chalk_3.jpg").read_bytes())
    result = run("predict_image.py", "--save", "seen.png", "--", name)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{name}: 3 (")


def test_home_folder_is_meant_by_a_tilde(run, environment, shipped_model):
    home = Path(environment["HOME"])
    home.mkdir()
    (home / "three.jpg").write_bytes((ROOT / "examples" / "chalk_3.jpg").read_bytes())
    (home / "net.h5").write_bytes(shipped_model.read_bytes())
    result = run("predict_image.py", "--model=~/net.h5", "~/three.jpg", "--save=~/seen.png")
    assert (result.returncode, result.stderr) == (0, "")
    assert (home / "seen.png").is_file()


def test_output_that_is_no_terminal_of_python_s_is_written_to(run):
    code = "import io, runpy, sys; sys.stdout = io.StringIO(); sys.argv[1:] = sys.argv[2:]\n"
    code += f"sys.path.insert(0, {str(ROOT)!r})\n"
    code += f"runpy.run_path({str(ROOT / 'predict_image.py')!r}, run_name='__main__')"
    result = run("predict_image.py", EXAMPLES[0], python=["-c", code])
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "windows"),
    [
        ([EXAMPLES[0]], [True]),
        ([EXAMPLES[0], "--no-show"], []),
        ([EXAMPLES[0], "--json"], []),
        (EXAMPLES, []),
        ([*EXAMPLES, "--show"], [True]),
    ],
)
def test_window_opens_for_one_picture_or_when_asked_for(monkeypatch, capsys, arguments, windows):
    shown = []
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setattr(plots, "window_available", lambda: True)
    monkeypatch.setattr(plots, "show", shown.append)
    monkeypatch.setattr(sys, "argv", ["predict_image.py", *map(str, arguments)])
    assert predict_image.main() == 0
    assert shown == windows


def test_warnings_of_libraries_do_not_end_a_figure_in_isolated_mode(run, tmp_path):
    result = run(
        "predict_image.py", EXAMPLES[0], "--save", "seen.png", python=["-I", "-W", "error"]
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_many_pictures_are_all_told_and_the_first_drawn(run, tmp_path):
    for n in range(10):
        (tmp_path / f"{n}.gif").write_bytes((ROOT / "examples" / "pixels_4.gif").read_bytes())
    result = run("predict_image.py", tmp_path, "--save", "seen.png")
    assert len(result.stdout.splitlines()) == 10
    width, height = Image.open(tmp_path / "elsewhere" / "seen.png").size
    assert height == pytest.approx(8 * width / 3, rel=0.01)


def write_pictures(folder):
    (folder / "text.png").write_text("this is no picture")
    (folder / "empty.png").touch()
    (folder / "cut.jpg").write_bytes((ROOT / "examples" / "chalk_3.jpg").read_bytes()[:6000])
    (folder / "noise.h5").write_bytes(np.random.default_rng(1).bytes(5000))
    Image.new("RGB", (300, 200), "white").save(folder / "blank.png")
    (folder / "none").mkdir()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gone.png"], "gone.png: cannot be read"),
        (["none"], "none: a folder without pictures"),
        (["text.png"], "text.png: not a picture"),
        (["empty.png"], "empty.png: not a picture"),
        (["cut.jpg"], "cut.jpg: the picture is damaged"),
        (["blank.png"], "blank.png: no digit found"),
        (["--index", "-1"], "no test image -1"),
        (["--index", "200"], "no test image 200: the index goes from 0 to 199"),
        (["--index", "x"], "'x'"),
        (["--index", "0", "--data", "gone.npz"], "gone.npz"),
        (["--model", "gone.h5"], "no model at gone.h5"),
        (["--model", "noise.h5"], "cannot read the model noise.h5"),
        (["--index", "0", "200"], "no test image 200"),
        (["--interactive", "text.png"], "leave out pictures"),
        (["--model", "none"], "no model at none"),
        ([EXAMPLES[0], "--save", "figure.docx"], "must end in"),
        (["gone.png", "--save", "new/figure.png"], "gone.png"),
        ([EXAMPLES[0], "--save", "text.png/figure.png"], "cannot write"),
    ],
)
def test_prediction_refuses_what_cannot_work(run, small_data, tmp_path, arguments, words):
    folder = tmp_path / "elsewhere"
    write_pictures(folder)
    before = sorted(folder.iterdir())
    result = run("predict_image.py", *arguments, MNIST_PATH=small_data)
    assert_refused(result, words)
    assert result.stdout == ""
    assert sorted(folder.iterdir()) == before


def test_window_without_a_screen_is_refused_after_the_answer(run):
    result = run("predict_image.py", EXAMPLES[0], "--show")
    assert_refused(result, "no screen")
    assert EXAMPLES[0].name in result.stdout


def test_unreadable_picture_does_not_stop_the_others(run, tmp_path):
    write_pictures(tmp_path / "elsewhere")
    result = run("predict_image.py", "text.png", EXAMPLES[0], "blank.png", EXAMPLES[1], "--json")
    assert result.returncode == 2
    statuses = [json.loads(line)["status"] for line in result.stdout.splitlines()]
    assert statuses == ["unreadable", "ok", "no-digit", "ok"]
    assert len(result.stderr.splitlines()) == 2


def test_doubt_is_told_as_a_doubt(run, tmp_path):
    images, _ = printed_digits(2, seed=6)
    blend = np.maximum(images[0], images[1][::-1])
    random = np.random.default_rng(1)
    for n in range(24):  # scrawls, of which the network is unsure of some
        scrawl = np.where(random.random((28, 28)) < 0.4, np.roll(blend, n, axis=n % 2), 0)
        Image.fromarray(scrawl.astype(np.uint8)).save(tmp_path / f"{n:03}.png")
    lines = run("predict_image.py", tmp_path).stdout.splitlines()
    text = dict(line.split(": ", 1) for line in lines)  # without those that hold no digit
    answers = [
        json.loads(each) for each in run("predict_image.py", tmp_path, "--json").stdout.splitlines()
    ]
    unsure = [answer for answer in answers if answer["status"] == "unsure"]
    assert unsure
    for answer in unsure:
        doubtful = min(answer["digits"], key=lambda digit: digit["confidence"])
        first, second = np.argsort(doubtful["probabilities"])[:-3:-1]
        told = text[answer["source"]]
        assert told.startswith(f"not sure: {answer['text']}")
        is_of_row = f"not sure: {answer['text']} (" in told and "(at most" in told
        is_of_digit = f"{first} (" in told and f" {second} (" in told
        assert is_of_row or (is_of_digit and doubtful["confidence"] < 0.6) or answer["marks"]
        assert doubtful["confidence"] < 0.6


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")  # noqa: PTH110
def test_full_disk_under_the_output_is_a_sentence(environment):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        command = [sys.executable, ROOT / "predict_image.py", "--model", PRETRAINED, EXAMPLES[0]]
        result = subprocess.run(
            command,
            check=False,
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
    assert_refused(result, "cannot write the output")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise")
def test_reader_that_goes_away_is_no_error(environment):
    command = [sys.executable, ROOT / "predict_image.py", "--model", PRETRAINED, *EXAMPLES]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 0
