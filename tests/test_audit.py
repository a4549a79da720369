import logging

import numpy as np
import pytest
from conftest import LENGTH, WORDS, bert, sentiment

from tfaugkd.audit import Audit, audit
from tfaugkd.augment import build_augmentations, eda
from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.batches import training_batches
from tfaugkd.distiller import Distiller
from tfaugkd.errors import InputError
from tfaugkd.synonyms import Synonyms


@pytest.fixture(scope="module")
def models():
    teacher = bert(layers=1, seed=1)
    return SplitClassifier(teacher), SplitClassifier(bert(layers=1, seed=2))


@pytest.fixture
def audited(models):
    """Audits augmentations on batches of tiny texts; gives the audits and the batches."""
    teacher, student = models

    def run(*entries, batches=3):
        methods = build_augmentations(list(entries))
        distiller = Distiller(teacher, student, augmentations=methods)
        preprocessor = student.classifier.preprocessor
        dataset = training_batches(sentiment(16), preprocessor, 8, LENGTH, methods, seed=5)
        return audit(distiller, dataset, batches), dataset.take(batches)

    return run


def mixtures(model, token_ids):
    """Mixes each text of 8 with the next one, position by position, in plain NumPy.

    Gives the tokens, and for each mixture the number of text tokens and how many of them differ
    from each parent.
    """
    table = model.table.numpy()
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    unit[~model.vocabulary.producible] = 0
    specials = set(np.flatnonzero(model.vocabulary.special))
    texts, counts, changes = [], [], []
    for own, other in zip(token_ids, np.roll(token_ids, -1, axis=0), strict=True):
        text, count, changed = list(own), 0, np.zeros(2)
        for place, (a, b) in enumerate(zip(own, other, strict=True)):
            is_padding = a == 0
            if (a in specials and not is_padding) or (is_padding and b in specials):
                continue
            mixed = 0.5 * (0 if is_padding else table[a])
            mixed = mixed + 0.5 * (0 if b in specials else table[b])
            text[place] = int(np.argmax(unit @ mixed))
            count += 1
            changed += [text[place] != a, text[place] != b]
        texts.append(tuple(text))
        counts.append(count)
        changes.append(changed)
    return texts, np.array(counts), np.array(changes)


def test_degree_and_distinct_are_those_of_a_hand_count(models, audited):
    audits, batches = audited({"name": "fgsm"}, {"name": "augpro_mix"})
    real, made, degrees = set(), [], []
    for x, *_ in batches:
        token_ids = x["token_ids"].numpy()
        texts, counts, changes = mixtures(models[0], token_ids)
        real |= {tuple(row) for row in token_ids.tolist()}
        made += texts
        degrees += list((changes / counts[:, None]).min(axis=1))
    # 24 mixtures of 16 texts, each of which is mixed with another partner in the second epoch.
    assert len(made) == 24
    distinct = len(set(made) - real) / 24
    assert distinct > 0
    expected = Audit(pytest.approx(np.mean(degrees)), pytest.approx(distinct), 24)
    assert audits == {"augpro_mix": expected}


def test_texts_that_are_made_again_are_not_distinct(audited):
    # The student does not move, so that both epochs shift the same 16 texts alike.
    audits, _ = audited({"name": "augpro_fgsm", "epsilon": 2.0}, batches=4)
    found = audits["augpro_fgsm"]
    assert found.texts == 32
    assert 0 < found.distinct <= 0.5
    assert 0 < found.degree < 1


def test_without_a_method_that_makes_text_there_is_nothing_to_look_at(audited):
    assert audited({"name": "mixup"}, {"name": "fgsm"})[0] == {}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"name": "augpro_fgsm", "epsilon": 0.0}, "augpro_fgsm leaves the texts as they are"),
        ({"name": "augpro_mix", "weight": 1.0}, "augpro_mix leaves the texts as they are"),
    ],
)
def test_what_changes_nothing_is_refused_by_name(audited, entry, expected):
    with pytest.raises(InputError, match=expected):
        audited(entry)


def test_how_many_words_have_a_synonym_is_told_of_the_text(audited, caplog, monkeypatch):
    # Of the words of the task, only "film" and "was" are looked up.
    monkeypatch.setattr(eda, "require_synonyms", lambda: None)
    found = Synonyms("A list", {"film": ("movie",), "was": ("is",)})
    monkeypatch.setattr(eda, "find_synonyms", lambda words: found)
    with caplog.at_level(logging.INFO, logger="tfaugkd"):
        audits, batches = audited({"name": "eda"})
    (x, *_), *_ = batches
    rows = [[WORDS[i] for i in row if i > 6] for row in x["token_ids"].numpy()]
    # A piece that goes on with a word is no word.
    rows = [[word for word in row if not word.startswith("##")] for row in rows]
    shares = [np.mean([word in ("film", "was") for word in row]) for row in rows]
    assert 0 < np.mean(shares) < 1
    assert f"eda knows a synonym of {100 * np.mean(shares):.0f} % of the words of" in caplog.text
    assert audits["eda"].degree > 0.1
