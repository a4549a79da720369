import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import LENGTH, command, complaint

from tfaugkd import comparison_rows
from tfaugkd.reproduce import latent_space

ROOT = Path(__file__).parents[1]
ROWS = "[EncT5_24-FT (354M), EncT5_8-KD, +BT, +MixUp]"
TASK = "custom"


@pytest.fixture(scope="module", autouse=True)
def no_latencies():
    """Leaves out latencies, which are not looked at here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison_rows, "_latencies", lambda *told: (0.001, 0.01))
        yield


@pytest.fixture(scope="module")
def small(data, preset):
    """The options of a small scale that takes seconds."""
    return [
        *("--tasks", TASK, "--configs", ROOT / "configs", "--small.preset", preset),
        *("--data.train_file", data["train_file"], "--data.dev_file", data["dev_file"]),
        *("--small.sequence_length", LENGTH, "--small.batch_size", 8, "--small.jit_compile", False),
        *("--small.teacher_steps", 40, "--small.steps", 10, "--small.learning_rate", 0.01),
        *("--small.teacher_learning_rate", 0.01),
    ]


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("reproduced") / "output"


@pytest.fixture(scope="module")
def table(small, output):
    """What AugPro's Table 1 printed, with three of its rows."""
    rows = ("--rows", ROWS, "--seeds", "[0, 3]", "--output", output)
    status, out, err = command("reproduce", "augpro.table1", *small, *rows)
    assert status == 0, err
    return out


def lines_of(output, name):
    with (output / "small" / name / "results.csv").open() as file:
        return {
            (line["row"], line["column"], line["metric"]): line for line in csv.DictReader(file)
        }


def test_it_says_beforehand_what_it_does(table):
    first = table.splitlines()[0]
    assert re.match(r"augpro\.table1: 5 of 5 models to train, about \d+ minutes?", first)
    assert "GFLOP/s" in first
    assert "Left out: custom, +BT: it reads variants/custom/back_translation.tsv" in table


def test_each_cell_is_the_mean_of_its_runs(table, output):
    lines = lines_of(output, "augpro.table1")
    (folder,) = (output / "small" / "augpro" / TASK).glob("students_*")
    runs = [folder / "students" / "table1_mixup" / f"seed_{seed}" for seed in (0, 3)]
    scores = [json.loads((run / "run.json").read_text())["scores"]["accuracy"] for run in runs]
    line = lines["+MixUp", "", "accuracy"]
    assert float(line["ours"]) == pytest.approx(100 * np.mean(scores), abs=1e-3)
    assert float(line["spread"]) == pytest.approx(100 * np.std(scores, ddof=1), abs=1e-3)
    assert (line["seeds"], line["baseline"], line["compared"]) == ("2", "EncT5_8-KD", "accuracy")
    assert float(line["low"]) <= float(line["difference"]) <= float(line["high"])
    kept = lines["EncT5_8-KD", "", "accuracy"]
    assert kept["difference"] == ""
    gained = float(line["ours"]) - float(kept["ours"])
    assert float(line["difference"]) == pytest.approx(gained, abs=1e-3)
    assert "variants/custom" in lines["+BT", "", "accuracy"]["left_out"]
    assert lines["+BT", "", "accuracy"]["ours"] == ""


def test_each_cell_leads_to_its_manifest(table, output):
    folder = output / "small" / "augpro.table1"
    line = lines_of(output, "augpro.table1")["+MixUp", "", "accuracy"]
    manifest = json.loads((folder / line["manifest"]).read_text())
    assert manifest["place"] == {"task": TASK, "row": "+MixUp", "column": ""}
    assert manifest["seeds"] == [0, 3]
    assert manifest["experiment"]["method"]["augment"] == [{"name": "mixup", "weight": 0.5}]
    assert manifest["experiment"]["teacher"]["train"]["steps"] == 40
    assert manifest["texts"]["students"].startswith("160 texts, sha256 ")
    assert manifest["commit"] is None or re.fullmatch(r"[0-9a-f]{40}\+?", manifest["commit"])
    assert all(Path(record).is_file() for record in manifest["runs"])
    (measured,) = (each for each in manifest["quantities"] if each["metric"] == "accuracy")
    assert measured["ours"]["value"] == pytest.approx(float(line["ours"]), abs=1e-3)


def test_the_page_and_the_picture_show_the_rows(table, output):
    folder = output / "small" / "augpro.table1"
    page = (folder / "results.md").read_text()
    assert page.startswith("# augpro.table1. Table 1: distillation on GLUE\n\nZ. Wang et al., ")
    assert page.count("| +MixUp |") == 1
    assert "Left out:\n\n- custom, +BT: it reads" in page
    assert "results.md" in table
    assert (folder / "augpro_table1.png").read_bytes().startswith(b"\x89PNG")


def test_another_table_takes_the_same_runs(table, small, output):
    before = {path: path.stat().st_mtime_ns for path in output.rglob("run.json")}
    rows = ("--rows", "[KD, +MixUp]", "--seeds", "[0, 3]", "--output", output)
    status, out, err = command("reproduce", "augpro.table3", *small, *rows)
    assert status == 0, err
    assert out.startswith("augpro.table3: 0 of 5 models to train")
    assert {path: path.stat().st_mtime_ns for path in output.rglob("run.json")} == before
    line = lines_of(output, "augpro.table3")["KD", "", "minutes_per_1000_steps"]
    assert float(line["paper"]) == 1.68
    assert float(line["ours"]) > 0


def test_two_cells_are_run_again_and_compared(table, small, output):
    (folder,) = (output / "small" / "augpro" / TASK).glob("students_*")
    record = folder / "students" / "table1_kd" / "seed_3" / "run.json"
    told = json.loads(record.read_text())
    record.write_text(json.dumps(told | {"scores": told["scores"] | {"accuracy": 0.25}}))
    rows = ("--rows", "[EncT5_8-KD]", "--seeds", "[0, 3]", "--output", output)
    status, out, err = command("reproduce", "augpro.table1", *small, *rows, "--check")
    record.write_text(json.dumps(told))
    assert re.search(r"custom, EncT5_8-KD, seed 0: the same\. accuracy \d", out)
    assert "EncT5_8-KD, seed 3: otherwise. accuracy 25.00, again" in out
    assert status == 2
    assert "1 of 2 cells came out otherwise" in err


def test_files_of_variants_are_written_and_timed(small, output):
    rows = ("--rows", "[kNN (k=15) 4x]", "--output", output)
    status, _, err = command("reproduce", "da_for_kd.figure3", *small, *rows)
    assert status == 0, err
    assert (output / "small" / "da_for_kd" / TASK / "knn_4x.tsv").is_file()
    rows = ("--rows", "[kNN (k=15) 4x]", "--output", output)
    status, out, err = command("reproduce", "da_for_kd.table1", *small, *rows)
    assert status == 0, err
    assert "da_for_kd.table1: 0 of 2 models to train" in out
    line = lines_of(output, "da_for_kd.table1")["kNN (k=15) 4x", "", "minutes"]
    record = output / "small" / "da_for_kd" / TASK / "knn_4x.tsv.json"
    seconds = json.loads(record.read_text())["seconds"]
    assert float(line["ours"]) == pytest.approx(seconds / 60, abs=1e-3)


def test_speed_size_and_latent_space(small, output, monkeypatch):
    rows = ("--rows", "[BERT_12 Teacher, BERT_6 Student]", "--output", output)
    status, _, err = command("reproduce", "mixkd.table2", *small, *rows)
    assert status == 0, err
    lines = lines_of(output, "mixkd.table2")
    rows = ("BERT_12 Teacher", "BERT_6 Student")
    teacher, student = (lines[row, "", "parameters"] for row in rows)
    assert float(teacher["ours"]) > float(student["ours"])
    assert float(lines["BERT_6 Student", "", "samples_per_second"]["ours"]) > 0
    monkeypatch.setattr(latent_space, "_OF_EACH_CLASS", 8)
    status, _, err = command("reproduce", "mixkd.figure2", *small, "--output", output)
    assert status == 0, err
    folder = output / "small" / "mixkd.figure2"
    spaces = json.loads((folder / "mixkd_figure2.json").read_text())
    assert list(spaces) == ["Fine-tuning", "MixKD"]
    space = spaces["MixKD"]
    assert len(space["texts"]) == len(space["labels"]) == 16
    assert len(space["mixtures"]) == len(space["shares"]) == 3 * 16
    # A quarter, a half and three quarters of each of two classes.
    assert sorted(set(space["shares"])) == [0.25, 0.5, 0.75]
    assert (folder / "mixkd_figure2.png").is_file()


def test_all_exhibits_are_listed():
    status, out, _ = command("reproduce", "--list")
    assert status == 0
    names = [line.split()[0] for line in out.splitlines()]
    assert len(names) == len(set(names)) == 35
    assert {"augpro.table1", "da_for_kd.figure4", "mixkd.figure2", "ad2.table5"} < set(names)


def test_a_plan_is_only_said(small, tmp_path):
    options = ("--output", tmp_path / "output", "--plan")
    status, out, err = command("reproduce", "ad2.table3", *small, *options)
    assert status == 0, err
    assert out.startswith("ad2.table3: 5 of 5 models to train, about ")
    assert not (tmp_path / "output").exists()


def test_what_cannot_be_reproduced_is_refused(small, tmp_path):
    assert "exhibit is ''" in complaint("reproduce")
    assert "There is no exhibit 'bert.table1'" in complaint("reproduce", "bert.table1")
    unknown = complaint("reproduce", "augpro.table1", "--tasks", "sst3", "--plan")
    assert "'sst3'" in unknown
    options = (*small, "--output", tmp_path, "--check")
    assert "no finished run of ad2.table3" in complaint("reproduce", "ad2.table3", *options)
