"""The script that reproduces the README's table."""

import sys

from conftest import ROOT, assert_refused

sys.path.insert(0, str(ROOT / "benchmarks"))
import recipe_table


def test_quick_table_has_a_row_for_each_recipe_that_is_asked_for(run, small_data, tmp_path):
    recipes = ["three-blocks"]
    result = run(
        "benchmarks/recipe_table.py", "--quick", "--recipes", *recipes, "--data", small_data
    )
    assert result.returncode == 0, result.stderr
    rows = [line for line in result.stdout.splitlines()[2:] if line.startswith("| `")]
    assert len(rows) == len(result.stdout.splitlines()) - 2, "a table and nothing else"
    assert [row.split("`")[1] for row in rows] == recipes
    first = rows[0].strip("| ").split(" | ")
    assert (first[1], first[5], first[6]) == ("98 %", "1.00", "118,090")
    assert float(first[2].removesuffix(" %")) == 100 * (1 - int(first[3]) / 200)
    assert not list((tmp_path / "elsewhere").iterdir()), "nothing is kept"


def test_row_tells_mean_and_deviation_of_the_seeds_and_the_share_of_time():
    scores = {
        "fast": [
            (60, 10_000, 30.0, 460_234),
            (50, 10_000, 20.0, 460_234),
            (52, 10_000, 10.0, 460_234),
        ],
        "three-blocks": [(100, 10_000, seconds, 118_090) for seconds in (300.0, 800.0, 400.0)],
    }
    assert recipe_table.row("fast", scores) == (
        "| `fast` | – | 99.46 ± 0.05 % | 60, 50, 52 | 20 | 0.05 | 460,234 |"
    )
    yardstick = recipe_table.row("three-blocks", scores)
    assert "| 98 % | 99.00 ± 0.00 % | 100, 100, 100 | 400 | 1.00 |" in yardstick
    alone = recipe_table.row("fast", {"fast": scores["fast"]})
    assert "| 20 | – |" in alone


def test_network_that_is_there_is_not_trained_again(tmp_path):
    (tmp_path / "fast-1.h5").write_bytes(b"kept")
    recipe_table.train("fast", 1, tmp_path / "fast-1.h5", ["--data", "gone.npz"])  # would exit
    assert (tmp_path / "fast-1.h5").read_bytes() == b"kept"


def test_checkpoint_is_resumed(tmp_path):
    new = recipe_table.command("fast", 1, tmp_path / "fast-1.h5", [])
    (tmp_path / "fast-1.unfinished.h5").write_bytes(b"")
    resumed = recipe_table.command("fast", 1, tmp_path / "fast-1.h5", [])
    assert ("--resume" in new, "--resume" in resumed) == (False, True)


def test_training_that_fails_ends_the_table_in_its_own_sentence(run):
    assert_refused(run("benchmarks/recipe_table.py", "--data", "gone.npz"), "gone.npz")


def test_without_mnist_nothing_is_trained_for_the_table(run):
    result = run("benchmarks/recipe_table.py")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].startswith("no MNIST")
    assert "training '" not in result.stderr


def test_networks_of_the_table_are_trained_on_mnist_or_not_at_all(tmp_path):
    command = recipe_table.command("fast", 1, tmp_path / "fast-1.h5", [])
    assert command[command.index("--dataset") + 1] == "mnist"
