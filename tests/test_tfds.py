import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tfaugkd.data import tfds
from tfaugkd.data.tasks import TASKS
from tfaugkd.errors import InputError


class _Builder:
    """Stands in for a TFDS builder: rows in the order of the storage, not of the file."""

    def __init__(self, rows: list[dict[str, Any]], label_names: tuple[str, ...]) -> None:
        label = SimpleNamespace(names=list(label_names)) if label_names else SimpleNamespace()
        self.info = SimpleNamespace(features=dict.fromkeys(rows[0], None) | {"label": label})
        self.rows = rows
        self.splits: list[str] = []
        self.failure: Exception | None = None

    def download_and_prepare(self) -> None:
        if self.failure:
            raise self.failure

    def as_dataset(self, split: str) -> list[dict[str, Any]]:
        self.splits.append(split)
        return self.rows


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch):
    def _install(builder: _Builder) -> None:
        module = SimpleNamespace(builder=lambda name: builder, as_numpy=lambda rows: rows)
        monkeypatch.setattr(tfds, "_tensorflow_datasets", lambda: module)

    return _install


def _sst2() -> _Builder:
    rows = [
        {"idx": 2, "sentence": b"third", "label": 0},
        {"idx": 0, "sentence": "fürst".encode(), "label": 1},
        {"idx": 1, "sentence": b"second", "label": 1},
    ]
    return _Builder(rows, ("negative", "positive"))


def test_order_of_the_file_is_restored(install):
    builder = _sst2()
    install(builder)

    examples = tfds.load_tfds(TASKS["sst2"], "dev")

    assert examples.text_a == ["fürst", "second", "third"]
    assert (examples.ids, examples.text_b) == (["0", "1", "2"], None)
    np.testing.assert_array_equal(examples.labels, np.array([1, 1, 0], np.int32))
    assert examples.labels.dtype == np.int32
    assert builder.splits == ["validation"]


def test_labels_of_test_splits_are_withheld(install):
    install(_sst2())

    assert tfds.load_tfds(TASKS["sst2"], "test").labels is None


@pytest.mark.parametrize(
    ("split", "stored"),
    [
        ("train", "train"),
        ("dev", "validation_matched"),
        ("dev_mismatched", "validation_mismatched"),
        ("test", "test_matched"),
    ],
)
def test_pairs_and_splits_of_mnli(install, split: str, stored: str):
    rows = [{"idx": 0, "premise": b"p", "hypothesis": b"h", "label": 2}]
    builder = _Builder(rows, TASKS["mnli"].label_names)
    install(builder)

    examples = tfds.load_tfds(TASKS["mnli"], split)

    assert (examples.text_a, examples.text_b, builder.splits) == (["p"], ["h"], [stored])


def test_scores(install):
    rows = [{"idx": 0, "sentence1": b"a", "sentence2": b"b", "label": np.float32(4.75)}]
    install(_Builder(rows, ()))

    labels = tfds.load_tfds(TASKS["stsb"], "dev").labels

    np.testing.assert_array_equal(labels, np.array([4.75], np.float32))


def test_labels_in_another_order_and_renamed(install):
    install(_sst2())
    turned = replace(TASKS["sst2"], label_names=("positive", "negative"))
    renamed = replace(TASKS["sst2"], label_names=("bad", "good"))
    mixed = replace(TASKS["sst2"], label_names=("positive", "good"))

    np.testing.assert_array_equal(tfds.load_tfds(turned, "dev").labels, [0, 0, 1])
    np.testing.assert_array_equal(tfds.load_tfds(renamed, "dev").labels, [1, 1, 0])
    with pytest.raises(InputError, match="positive, good, but glue/sst2 has: negative, positive"):
        tfds.load_tfds(mixed, "dev")


def test_rows_without_a_text_are_left_out(install, caplog: pytest.LogCaptureFixture):
    builder = _sst2()
    builder.rows[1]["sentence"] = b" "
    install(builder)

    assert tfds.load_tfds(TASKS["sst2"], "dev").ids == ["1", "2"]
    assert "Left out 1 of 3 rows of glue/sst2" in caplog.text


@pytest.mark.parametrize("failure", [ConnectionError("no route"), RuntimeError("status 503")])
def test_failed_download_names_the_alternatives(install, failure: Exception):
    builder = _sst2()
    builder.failure = failure
    install(builder)

    message = r"glue/sst2 could not be downloaded \(\w+\); .*data\.path, .*data\.train_file\.$"
    with pytest.raises(InputError, match=message):
        tfds.load_tfds(TASKS["sst2"], "train")


def test_a_truncated_tfrecord_is_refused_with_its_folder(install, tmp_path: Path):
    path = tmp_path / "sst2-validation.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for _ in range(3):
            writer.write(b"a record of some length")
    path.write_bytes(path.read_bytes()[:-5])
    builder = _sst2()
    builder.data_dir = tmp_path
    install(builder)

    for damage in (lambda: None, path.unlink):
        damage()
        # Its records are read one after the other, as TFDS does.
        builder.rows = tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
        with pytest.raises(InputError) as refused:
            tfds.load_tfds(TASKS["sst2"], "dev")
        message = str(refused.value)
        assert message.startswith(f"glue/sst2 in {tmp_path} cannot be read (")
        assert message.endswith("); remove that folder and start again, which downloads it anew.")
        assert "\n" not in message


def test_package_that_tfds_lacks_is_named(install):
    builder = _sst2()
    builder.failure = ModuleNotFoundError("No module", name="importlib_resources")
    install(builder)

    with pytest.raises(InputError, match="needs the package importlib_resources"):
        tfds.load_tfds(TASKS["sst2"], "train")


def test_missing_tensorflow_datasets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)

    with pytest.raises(InputError, match="`pip install tensorflow-datasets`"):
        tfds.load_tfds(TASKS["sst2"], "train")


def test_tasks_and_splits_that_are_not_there():
    with pytest.raises(InputError, match="custom is not in TensorFlow Datasets"):
        tfds.load_tfds(TASKS["custom"], "train")
    with pytest.raises(InputError, match="no split 'dev_mismatched'"):
        tfds.load_tfds(TASKS["sst2"], "dev_mismatched")


def test_unknown_text(install):
    install(_sst2())

    with pytest.raises(InputError, match="Unknown text of glue/sst2: 'sentense'"):
        tfds.load_tfds(replace(TASKS["sst2"], text_a="sentense"), "dev")


def test_retries_are_few_and_put_back():
    downloader = pytest.importorskip("tensorflow_datasets.core.download.downloader")
    before = downloader.MAX_RETRIES

    with tfds._few_retries():
        assert downloader.MAX_RETRIES == 3
    assert before == downloader.MAX_RETRIES


def test_package_imports_without_tensorflow():
    code = "import sys, tfaugkd.data; sys.exit('tensorflow' in sys.modules)"

    root = Path(__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
