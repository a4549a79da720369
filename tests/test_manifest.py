import json

import pytest

from tfaugkd.data.shards.manifest import (
    Manifest,
    Shard,
    Tokenised,
    read_manifest,
    write_manifest,
)
from tfaugkd.errors import InputError

SHARDS = (
    Shard("train-00000", 16, 16, 1000, "aa", "bb"),
    Shard("train-00001", 4, 3, 300, "cc", "dd"),
    Shard("unlabelled-00000", 7, 0, 500, "ee", "ff"),
)
MANIFEST = Manifest(
    task="custom",
    label_names=("no", "yes"),
    pair=False,
    sequence_length=12,
    protect=("@GENE$",),
    augmented=False,
    student=Tokenised("sha256 0123", ("segment_ids", "token_ids"), 0),
    teacher=None,
    answered_by=None,
    shards=SHARDS,
)


def test_a_manifest_is_read_as_it_was_written(tmp_path):
    write_manifest(tmp_path, MANIFEST)
    found = read_manifest(tmp_path)
    assert found == MANIFEST
    assert (found.count(False), found.count(True), found.classes) == (20, 7, 2)


def changed(folder, **keys):
    write_manifest(folder, MANIFEST)
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | keys))
    return folder


@pytest.mark.parametrize(
    "name",
    ["../train-00000", "/etc/train-00000", "train-00000/../x", "train-0", "", "train-00000\n", 3],
)
def test_names_cannot_lead_out_of_the_folder(name, tmp_path):
    shard = {"examples": 1, "labelled": 1, "bytes": 1, "sha256": "", "columns_sha256": ""}
    with pytest.raises(InputError, match=r"manifest\.json cannot be read as a manifest"):
        read_manifest(changed(tmp_path, shards=[shard | {"name": name}]))


@pytest.mark.parametrize(
    "keys",
    [
        {"shards": [{"name": "train-00000"}]},
        {"shards": None},
        {"task": 3},
        {"sequence_length": True},
        {"label_names": "ab"},
        {"student": {}},
        {"teacher": 3},
        {"pair": 1},
    ],
)
def test_what_is_no_manifest_is_refused(keys, tmp_path):
    with pytest.raises(InputError, match=r"manifest\.json cannot be read as a manifest"):
        read_manifest(changed(tmp_path, **keys))


def test_more_labels_than_examples_are_refused(tmp_path):
    shard = {"name": "train-00000", "examples": 1, "labelled": 2, "bytes": 1}
    with pytest.raises(InputError, match="has 2 labels of 1 examples"):
        read_manifest(changed(tmp_path, shards=[shard | {"sha256": "", "columns_sha256": ""}]))


def test_other_formats_and_unfinished_folders_are_told(tmp_path):
    with pytest.raises(InputError, match=r"holds no manifest\.json; `tfaugkd prepare` writes it"):
        read_manifest(tmp_path)
    with pytest.raises(InputError, match="has the format 2, but this version reads 1"):
        read_manifest(changed(tmp_path, format=2))
