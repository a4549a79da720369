import json

import pytest
from conftest import complaint

from tfaugkd import back_translation
from tfaugkd.back_translation import BackTranslation, back_translated, load_translator
from tfaugkd.errors import InputError


def there(texts, count):
    """Stands for a translation model: the n best of "a" are "A1", "A2", ..."""
    return [[f"{text.upper()}{n}" for n in range(1, count + 1)] for text in texts]


def back(texts, count):
    assert count == 1
    return [[text.lower().replace("1", "").replace("2", "!")] for text in texts]


def test_every_pivot_is_translated_back_once():
    assert list(back_translated(["a", "b"], 2, there, back)) == [["a", "a!"], ["b", "b!"]]
    assert list(back_translated([], 2, there, back)) == []


def test_more_texts_than_are_translated_at_once_stay_in_order():
    texts = [f"{chr(97 + n % 26)}x{n // 26}y" for n in range(70)]
    sizes = []

    def counted(some, count):
        sizes.append(len(some))
        return [[text] * count for text in some]

    def same(some, count):
        return [[text] for text in some]

    assert list(back_translated(texts, 1, counted, same)) == [[text] for text in texts]
    assert sizes == [32, 32, 6]


def test_both_directions_are_loaded_before_any_text_is_translated(monkeypatch):
    loaded = []

    def load(folder):
        loaded.append(str(folder))
        return there if folder.name == "en-de" else back

    monkeypatch.setattr(back_translation, "load_translator", load)
    made = BackTranslation("models").rewritten(["a"], 2, 0, None)
    assert loaded == ["models/en-de", "models/de-en"]
    assert list(made) == [["a", "a!"]]


def test_a_package_that_is_missing_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(back_translation, "_PACKAGES", ("no_such_translator",))
    with pytest.raises(InputError, match=r"no_such_translator.*tfaugkd\[translation\]"):
        load_translator(tmp_path)


def test_a_folder_without_a_model_is_refused(monkeypatch, tmp_path):
    with pytest.raises(InputError, match=r"en-de: it must hold source.spm and target.spm"):
        back_translation.find_files(tmp_path / "en-de")
    (tmp_path / "sentencepiece.model").touch()
    with pytest.raises(InputError, match=r"no model.bin.*ct2-transformers-converter"):
        back_translation.find_files(tmp_path)


def test_files_of_either_layout_are_found(tmp_path):
    for layout, model, pieces in (
        ("opus", ".", ("source.spm", "target.spm")),
        ("argos", "model", ("sentencepiece.model", "sentencepiece.model")),
    ):
        folder = tmp_path / layout
        (folder / model).mkdir(parents=True)
        for name in (f"{model}/model.bin", *pieces):
            (folder / name).touch()
        found = back_translation.find_files(folder)
        assert found == (folder / model, folder / pieces[0], folder / pieces[1])


def test_marian_by_way_of_transformers_needs_the_end_of_the_sentence(tmp_path):
    assert back_translation.end_of_source(tmp_path) == []
    (tmp_path / "config.json").write_text(json.dumps({"add_source_eos": True}))
    assert back_translation.end_of_source(tmp_path) == []
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "marian"}))
    assert back_translation.end_of_source(tmp_path) == ["</s>"]


def test_the_pivot_is_another_language():
    with pytest.raises(InputError, match="pivot is 'en', but must be another language"):
        BackTranslation("models", pivot="en")


def test_the_job_says_what_is_missing(data, tmp_path, monkeypatch):
    monkeypatch.setattr(back_translation, "_PACKAGES", ("no_such_translator",))
    options = ["--data.train_file", data["train_file"], "--data.task", "custom"]
    line = complaint(
        "augment",
        *options,
        "--output",
        tmp_path / "a.tsv",
        "--augment",
        "[{name: back_translation, models: models}]",
    )
    assert "no_such_translator" in line
    assert not (tmp_path / "a.tsv").exists()
