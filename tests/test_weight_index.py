import json

import pytest
from checkpoints import write_checkpoint

from tfaugkd.errors import InputError
from tfaugkd.presets import load_classifier
from tfaugkd.weight_index import require_files_inside

NAMES = ("model.safetensors.index.json", "model.weights.json")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "file", ["../x.safetensors", "/etc/passwd", "sub/x.h5", "..", "", ".hidden", "a\\b", "x\n", 3]
)
def test_names_cannot_lead_out_of_the_folder(name, file, tmp_path):
    (tmp_path / name).write_text(json.dumps({"weight_map": {"a": ["x.h5"], "b": [file]}}))
    with pytest.raises(InputError, match=r"says that b is in .+ must name a file in its own"):
        require_files_inside(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_files_of_the_folder_may_be_named(name, tmp_path):
    files = {"a": "model-00001-of-00002.safetensors", "b": ["model_00000.weights.h5"]}
    (tmp_path / name).write_text(json.dumps({"weight_map": files}))
    require_files_inside(tmp_path)
    require_files_inside(tmp_path / "none")


@pytest.mark.parametrize("content", ["{}", '{"weight_map": []}', "[", "[]"])
def test_what_is_no_index_is_refused(content, tmp_path):
    (tmp_path / NAMES[0]).write_text(content)
    with pytest.raises(InputError, match="cannot be read as an index of weights: "):
        require_files_inside(tmp_path)


def test_a_model_that_reads_elsewhere_is_not_loaded(tmp_path):
    folder = write_checkpoint(tmp_path / "bert", "bert")
    (folder / "model.safetensors").rename(tmp_path / "model.safetensors")
    index = {"weight_map": {"classifier.weight": "../model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match=r"says that classifier\.weight is in '\.\./model"):
        load_classifier(str(folder))
