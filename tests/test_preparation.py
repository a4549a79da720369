import json
import sys

import numpy as np
import pytest
import tensorflow as tf
from conftest import LENGTH, command, complaint, sentiment, write_yaml

from tfaugkd import comparison, preparation
from tfaugkd.classifier import SplitClassifier
from tfaugkd.comparison_config import CompareConfig
from tfaugkd.config import MethodConfig
from tfaugkd.data import load_train
from tfaugkd.data.batches import training_batches
from tfaugkd.data.files import write_rows
from tfaugkd.data.shards.manifest import read_manifest
from tfaugkd.data.shards.writing import write_failure
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError
from tfaugkd.folders import only_writer
from tfaugkd.prediction import predict_logits
from tfaugkd.preparation_worker import Worker
from tfaugkd.saved_model import load_model

TRAIN = {
    **{"steps": 20, "batch_size": 8, "learning_rate": 0.01, "jit_compile": False},
    "tensorboard": {"examples": 0},
}


class Loop:
    """Does what the pipeline does, one part after the other, without Beam."""

    def write_shards(self, work, parts):
        worker = Worker(work)
        for part in parts:
            try:
                worker.write(part)
            except InputError as error:
                write_failure(work.config.output, part.name, str(error))


@pytest.fixture(autouse=True)
def loop(monkeypatch):
    monkeypatch.setattr(preparation, "_beam", Loop)


def prepared(folder, data, model, *options, **keys):
    """Runs the job; gives the folder and what it wrote to standard error."""
    output = folder / "prepared"
    keys = {"data": data, "model": str(model), "shard_examples": 48, "output": str(output)} | keys
    status, out, err = command("prepare", *write_yaml(folder / "p.yaml", **keys), *options)
    assert status == 0, err
    assert f"in {output}.\n" in out
    return output, err


def refused(folder, data, model, *options, **keys):
    output = folder / "prepared"
    keys = {"data": data, "model": str(model), "shard_examples": 48, "output": str(output)} | keys
    status, _, err = command("prepare", *write_yaml(folder / "p.yaml", **keys), *options)
    assert status == 2
    return err


def files_of(folder):
    """The content of every file that training reads."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] in "tum"}


@pytest.fixture
def train_only(data):
    return {key: value for key, value in data.items() if key not in ("dev_file", "test_file")}


def test_a_prepared_split_gives_the_batches_of_its_source(data, teacher_output, tmp_path):
    output, _ = prepared(tmp_path, data, teacher_output)
    manifest = read_manifest(output)
    assert [shard.examples for shard in manifest.shards] == [48, 48, 48, 16]
    assert [shard.labelled for shard in manifest.shards] == [48, 48, 48, 16]
    config = DataConfig(**data)
    preprocessor = load_model(teacher_output)[0].preprocessor
    in_memory, streamed = (
        training_batches(load_train(each), preprocessor, 16, LENGTH, seed=1)
        for each in (config, DataConfig(**data, prepared=str(output)))
    )
    for one, other in zip(in_memory.take(15), streamed.take(15), strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, one, other)


def test_what_was_interrupted_goes_on(data, teacher_output, tmp_path):
    output, _ = prepared(tmp_path, data, teacher_output)
    whole = files_of(output)
    # As a kill leaves it: no manifest, a shard without its receipt, half of one, a damaged one.
    (output / "manifest.json").unlink()
    (output / "train-00000.json").unlink()
    (output / "train-00001.array_record").rename(output / ".0123abcd-train-00001.array_record")
    damaged = bytearray(whole["train-00003.array_record"])
    damaged[99] ^= 1
    (output / "train-00003.array_record").write_bytes(damaged)
    with pytest.raises(InputError, match="run that to its end"):
        load_train(DataConfig(**data, prepared=str(output)))
    kept = (output / "train-00002.array_record").stat().st_mtime_ns
    _, err = prepared(tmp_path, data, teacher_output)
    assert "Kept: 1 of 4 shards.\n" in err
    assert "Preparing 3 shards by DirectRunner.\n" in err
    assert files_of(output) == whole
    assert not list(output.glob(".*"))
    assert (output / "train-00002.array_record").stat().st_mtime_ns == kept
    _, err = prepared(tmp_path, data, teacher_output)
    assert "Kept: 4 of 4 shards.\n" in err
    assert "Preparing" not in err


def test_something_else_is_not_gone_on_with(data, teacher_output, preset, tmp_path):
    prepared(tmp_path, data, teacher_output)
    err = refused(tmp_path, data, teacher_output, shard_examples=20)
    assert "holds a preparation with shard_examples 48, not 20; name another folder" in err
    err = refused(tmp_path, data | {"sequence_length": 10}, teacher_output)
    assert "sequence_length 12, not 10" in err
    # Only what is read matters, not the model's weights.
    prepared(tmp_path, data, preset)
    _, err = prepared(tmp_path, data, preset, "--overwrite", shard_examples=100)
    assert "Preparing 2 shards" in err


@pytest.mark.parametrize("options", [(), ("--overwrite",)])
def test_two_processes_do_not_write_into_one_folder(options, data, preset, tmp_path):
    output, _ = prepared(tmp_path, data, preset)
    with only_writer(output):
        assert "another run is writing" in refused(tmp_path, data, preset, *options)


def test_a_full_disk_ends_in_one_sentence(data, preset, tmp_path, monkeypatch):
    def full(path, options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tfaugkd.data.shards.writing.ArrayRecordWriter", full)
    err = refused(tmp_path, data, preset)
    assert err.endswith(
        "train-00000.array_record cannot be written: [Errno 28] No space left on device.\n"
    )


def test_a_teacher_is_fine_tuned_on_prepared_texts(data, preset, tmp_path):
    output, _ = prepared(tmp_path, data, preset)
    keys = {"preset": preset, "train": TRAIN, "output": str(tmp_path / "teacher")}
    keys |= {"data": data | {"prepared": str(output), "train_share": 0.5}}
    status, _, err = command("teacher", *write_yaml(tmp_path / "t.yaml", **keys))
    assert status == 0, err
    assert f"Fine-tuning {preset} on 80 examples." in err


def test_a_comparison_knows_its_prepared_texts_by_their_hashes(data, preset, tmp_path):
    output, _ = prepared(tmp_path, data, preset)
    texts = DataConfig(**data, prepared=str(output), train_examples=40)
    setting = comparison._read(CompareConfig({"KD": MethodConfig()}, texts, split="dev"))
    assert (len(setting.teacher_texts.train), len(setting.students.train)) == (160, 40)
    told = setting.fingerprint["texts"]
    assert told["students"].startswith("40 prepared texts, sha256 ")
    assert told["students"] != told["teacher"]


def test_a_wrong_row_is_told_and_the_other_shards_are_kept(train_only, preset, tmp_path):
    texts = sentiment(60)
    rows = [
        {"text": text, "label": ["negative", "positive"][label]}
        for text, label in zip(texts.text_a, texts.labels, strict=True)
    ]
    rows[50]["label"] = "neither"
    write_rows(tmp_path / "train.csv", rows)
    given = train_only | {"train_file": str(tmp_path / "train.csv")}
    err = refused(tmp_path, given, preset)
    assert err.endswith(
        "train.csv, line 52: the label 'neither' is not one of: negative, positive (or its index "
        "from 0).\n"
    )
    output = tmp_path / "prepared"
    assert (output / "train-00000.array_record").is_file()
    assert not (output / "manifest.json").exists()


def test_what_cannot_be_used_is_refused_and_nothing_written(data, preset, tmp_path):
    for keys, sentence in (
        ({"model": "missing/model"}, "There is no folder 'missing/model'"),
        ({"teacher": "missing/teacher"}, "There is no folder 'missing/teacher'"),
        ({"augment": [{"name": "tinybrt"}]}, "Did you mean 'tinybert'?"),
        ({"data": data | {"train_share": 0.5}}, "data.train_share is 0.5, but must be left out"),
        ({"data": data | {"prepared": "x"}}, "data.prepared is 'x', but must be left out"),
        ({"copies": 0}, "copies is 0"),
        ({"shard_examples": 0}, "shard_examples is 0"),
        ({"data": data | {"sequence_length": 100}}, "sequence_length is 100, but the model reads"),
        ({"output": data["train_file"]}, "which is a file"),
    ):
        assert sentence in refused(tmp_path, **({"data": data, "model": preset} | keys))
        assert not (tmp_path / "prepared").exists()


def test_without_beam_one_sentence_says_what_to_install(data, preset, tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    monkeypatch.delitem(sys.modules, "tfaugkd.preparation_beam", raising=False)
    said = complaint("prepare", "--output", tmp_path / "prepared", "--model", preset)
    assert said.endswith("not installed; `pip install 'tfaugkd[beam]'` brings it.")


def test_variants_stand_behind_the_texts_of_their_shard(data, teacher_output, tmp_path):
    augment = [{"name": "random_replacement", "degree": 0.5}]
    keys = {"augment": augment, "copies": 2, "jit_compile": False, "shard_examples": 80}
    output, _ = prepared(tmp_path, data, teacher_output, **keys)
    manifest = read_manifest(output)
    assert manifest.augmented
    found = load_train(DataConfig(**data, prepared=str(output))).examples()
    originals = sentiment(160)
    assert found.text_a[:80] == originals.text_a[:80]
    behind = manifest.shards[0].examples
    assert found.text_a[behind : behind + 80] == originals.text_a[80:]
    assert 200 < len(found) <= 480
    for text, label, name in zip(found.text_a, found.labels, found.ids, strict=True):
        assert label == originals.labels[int(name)]
        assert text == originals.text_a[int(name)] or name in map(str, range(160))
    # Another copy of the same number is drawn in each shard, and the same one again.
    again = files_of(output)
    prepared(tmp_path, data, teacher_output, "--overwrite", **keys)
    assert files_of(output) == again


def distilled(folder, data, teacher, **keys):
    keys = {"teacher": str(teacher), "student": {"layers": 1}, "train": TRAIN} | keys
    keys |= {"data": data, "output": str(folder / "student"), "overwrite": True}
    keys["check_teacher"] = False
    status, _, err = command("distill", *write_yaml(folder / "d.yaml", **keys))
    assert status == 0, err
    return json.loads((folder / "student" / "scores.json").read_text())["training"], err


def test_stored_answers_are_the_teacher_s_and_save_asking_it(data, teacher_output, tmp_path):
    more = tmp_path / "more.jsonl"
    write_rows(more, [{"text": text} for text in sentiment(30, 9).text_a])
    given = data | {"unlabelled_file": str(more)}
    output, _ = prepared(tmp_path, given, teacher_output, teacher=str(teacher_output))
    stored = load_train(DataConfig(**given, prepared=str(output)))
    assert len(stored) == 190
    assert stored.labelled.sum() == 160
    found = tf.io.parse_example(
        stored.records(np.arange(190)), {"teacher_logits": tf.io.FixedLenFeature([2], tf.float32)}
    )
    teacher = SplitClassifier(load_model(teacher_output)[0])
    expected = predict_logits(teacher, load_train(DataConfig(**given)), LENGTH)
    np.testing.assert_allclose(found["teacher_logits"], expected, rtol=1e-4, atol=1e-5)
    asked, _ = distilled(tmp_path, given, teacher_output)
    read, err = distilled(tmp_path, given | {"prepared": str(output)}, teacher_output)
    assert f"The teacher's answers to the texts are read from {output}." in err
    assert read == pytest.approx(asked, rel=1e-3)


def test_damaged_shards_end_a_run_in_one_sentence(data, teacher_output, tmp_path):
    output, _ = prepared(tmp_path, data, teacher_output)
    path = output / "train-00001.array_record"
    content = bytearray(path.read_bytes())
    # The middle of the records; behind them are zeros.
    content[np.flatnonzero(content[:5000])[-1] // 2] ^= 1
    path.write_bytes(content)
    keys = {"teacher": str(teacher_output), "student": {"layers": 1}, "train": TRAIN}
    keys |= {"data": data | {"prepared": str(output)}, "output": str(tmp_path / "student")}
    status, _, err = command("distill", *write_yaml(tmp_path / "d.yaml", **keys))
    assert status == 2
    last = err.splitlines()[-1]
    assert last.startswith(f"tfaugkd: error: {path}, record ")
    assert last.endswith("run `tfaugkd prepare` again, which writes such shards anew.")


def test_a_file_of_answers_is_not_for_prepared_texts(data, preset, teacher_output, tmp_path):
    output, _ = prepared(tmp_path, data, teacher_output)
    keys = {"teacher_file": "a.csv", "student": {"preset": preset}, "output": str(tmp_path / "s")}
    said = complaint(
        "distill", *write_yaml(tmp_path / "d.yaml", data=data | {"prepared": str(output)}, **keys)
    )
    assert "teacher_file is 'a.csv', but the texts of data.prepared are not looked up" in said
