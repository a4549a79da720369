"""What docs/security.md says of the package as a whole."""

import ast
from pathlib import Path

import pytest

from tfaugkd.config_input import read_yaml
from tfaugkd.errors import InputError

ROOT = Path(__file__).parents[1]
# Reading what these have written can run anything.
RUN_CODE = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "torch"}
NEVER = {"eval", "exec", "os.system", "yaml.load", "yaml.unsafe_load", "yaml.full_load"}


def offences(path):
    """Lists what in a module would run code that a file holds."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None), *(name.name for name in node.names)]
            yield from RUN_CODE & {(name or "").partition(".")[0] for name in names}
        elif isinstance(node, ast.Call):
            function = ast.unparse(node.func)
            options = {option.arg: ast.unparse(option.value) for option in node.keywords}
            pickles = function == "np.load" and options.get("allow_pickle") != "False"
            if function in NEVER or pickles or options.get("safe_mode") == "False":
                yield ast.unparse(node)


def test_no_file_is_read_as_code():
    sources = sorted((ROOT / "tfaugkd").rglob("*.py"))
    assert len(sources) > 100
    assert {path.name: found for path in sources if (found := [*offences(path)])} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from torch import load",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "yaml.load(text)",
        "keras.models.load_model(path, safe_mode=False)",
    ],
)
def test_it_would_be_found(code, tmp_path):
    (tmp_path / "a.py").write_text(f"def f(path, text):\n    {code}\n")
    assert [*offences(tmp_path / "a.py")]


@pytest.mark.parametrize(
    "tag", ["object/apply:pathlib.Path.touch", "object/new:pathlib.Path", "name:os.system"]
)
def test_yaml_is_data(tag, tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(f"output: !!python/{tag} [{tmp_path / 'made'}]\n")
    with pytest.raises(InputError, match=r"a\.yaml is not valid YAML in line 1: could not determ"):
        read_yaml(str(path))
    assert not (tmp_path / "made").exists()
