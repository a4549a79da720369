import keras_hub
import pytest
from conftest import (
    FAMILIES,
    WORDS,
    albert,
    bert,
    byte_pairs,
    deberta,
    distil_bert,
    enc_t5,
    roberta,
    wordpiece,
)

from tfaugkd.classifier import SplitClassifier
from tfaugkd.presets import load_classifier, student_from_teacher
from tfaugkd.tokenizer_comparison import same_vocabulary, tokenizer_fingerprint


def test_a_vocabulary_is_the_same_where_every_token_has_its_number(teacher, stranger):
    copy = SplitClassifier(bert(layers=1, seed=5))
    assert same_vocabulary(teacher, copy)
    assert same_vocabulary(teacher, SplitClassifier(student_from_teacher(teacher.classifier, 1)))
    assert not same_vocabulary(teacher, stranger)
    shorter = SplitClassifier(bert(layers=1, words=WORDS[:-1], rows=len(WORDS) + 2))
    assert not same_vocabulary(teacher, shorter)


def byte_pair_model(vocabulary, merges):
    classifier = roberta(layers=1)
    tokenizer = keras_hub.models.RobertaTokenizer(vocabulary=vocabulary, merges=merges)
    classifier.preprocessor = keras_hub.models.RobertaTextClassifierPreprocessor(tokenizer)
    return SplitClassifier(classifier)


def test_byte_pairs_are_the_same_where_numbers_and_merges_are():
    vocabulary, merges = byte_pairs()
    model = byte_pair_model(vocabulary, merges)
    listed_otherwise = dict(reversed(vocabulary.items()))
    assert same_vocabulary(model, byte_pair_model(listed_otherwise, merges))
    swapped = vocabulary | {"a": vocabulary["b"], "b": vocabulary["a"]}
    assert not same_vocabulary(model, byte_pair_model(swapped, merges))
    assert not same_vocabulary(model, byte_pair_model(vocabulary, merges[:-1]))


def test_texts_in_capitals_are_read_otherwise_by_a_model_that_keeps_them(teacher):
    classifier = bert(layers=1)
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=list(WORDS), lowercase=False)
    classifier.preprocessor = keras_hub.models.BertTextClassifierPreprocessor(tokenizer)
    assert not same_vocabulary(teacher, SplitClassifier(classifier))


def test_families_are_compared_by_what_they_read(teacher):
    assert same_vocabulary(teacher, SplitClassifier(distil_bert(layers=1)))
    assert same_vocabulary(SplitClassifier(distil_bert(layers=1)), teacher)
    for family in (roberta, albert, deberta, enc_t5):
        assert not same_vocabulary(teacher, SplitClassifier(family(layers=1)))


def distil_bert_reading(**options):
    classifier = distil_bert(layers=1)
    tokenizer = keras_hub.models.DistilBertTokenizer(**{"vocabulary": list(WORDS)} | options)
    classifier.preprocessor = keras_hub.models.DistilBertTextClassifierPreprocessor(tokenizer)
    return SplitClassifier(classifier)


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ({"lowercase": True}, True),
        ({"lowercase": False}, False),
        ({"lowercase": True, "strip_accents": True}, False),
        ({"lowercase": True, "special_tokens_in_strings": True}, False),
        ({"lowercase": True, "vocabulary": [*WORDS[:-2], "?", "!"]}, False),
    ],
)
def test_another_family_must_read_text_alike(teacher, options, same):
    assert same_vocabulary(teacher, distil_bert_reading(**options)) == same


def test_sentence_pieces_are_the_same_where_the_model_and_the_specials_are(tmp_path):
    model = SplitClassifier(deberta(layers=1))
    model.classifier.save_to_preset(str(tmp_path))
    assert same_vocabulary(model, SplitClassifier(load_classifier(str(tmp_path))))
    assert not same_vocabulary(model, SplitClassifier(albert(layers=1)))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_tokenizer_keeps_its_fingerprint(family, tmp_path):
    own = FAMILIES[family](layers=1)
    own.save_to_preset(str(tmp_path))
    saved = keras_hub.models.TextClassifier.from_preset(str(tmp_path))
    one, other = (each.preprocessor.tokenizer for each in (own, saved))
    assert tokenizer_fingerprint(one) == tokenizer_fingerprint(other)


def test_what_gives_other_tokens_has_another_fingerprint():
    kind = keras_hub.models.BertTokenizer
    one = tokenizer_fingerprint(wordpiece(kind))
    assert one == tokenizer_fingerprint(bert(layers=1).preprocessor.tokenizer)
    assert one == tokenizer_fingerprint(distil_bert(layers=1).preprocessor.tokenizer)
    assert one != tokenizer_fingerprint(wordpiece(kind, lowercase=False))
    assert one != tokenizer_fingerprint(wordpiece(kind, [*WORDS, "more"]))
    assert one != tokenizer_fingerprint(wordpiece(kind, [*WORDS[:-2], WORDS[-1], WORDS[-2]]))
