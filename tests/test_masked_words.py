import keras
import keras_hub
import numpy as np
import pytest
from conftest import WORDS, byte_pairs, randomise, wordpiece

from tfaugkd.errors import InputError
from tfaugkd.masked_words import MaskedWord, MaskedWords
from tfaugkd.tinybert import TinyBertEditing
from tfaugkd.word_neighbours import WordNeighbours

WIDTH = 16


def bert_masked_lm():
    keras.utils.set_random_seed(0)
    backbone = keras_hub.models.BertBackbone(len(WORDS), 1, 2, WIDTH, 16, max_sequence_length=24)
    preprocessor = keras_hub.models.BertMaskedLMPreprocessor(
        wordpiece(keras_hub.models.BertTokenizer), sequence_length=24
    )
    return keras_hub.models.BertMaskedLM(backbone, preprocessor)


def roberta_masked_lm():
    keras.utils.set_random_seed(0)
    vocabulary, merges = byte_pairs()
    backbone = keras_hub.models.RobertaBackbone(
        len(vocabulary), 1, 2, WIDTH, 16, max_sequence_length=32
    )
    preprocessor = keras_hub.models.RobertaMaskedLMPreprocessor(
        keras_hub.models.RobertaTokenizer(vocabulary=vocabulary, merges=merges), sequence_length=32
    )
    return keras_hub.models.RobertaMaskedLM(backbone, preprocessor)


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("masked")
    for name, model in (("bert", bert_masked_lm()), ("roberta", roberta_masked_lm())):
        randomise(model, 3).save_to_preset(str(folder / name))
    return folder


@pytest.fixture(scope="module")
def masked(presets):
    return MaskedWords(str(presets / "bert"))


def words_of(masked):
    return WordNeighbours(masked.tokenizer, masked.table)


def place(text, word):
    before, behind = text.split(word)
    return MaskedWord(before, word, behind)


def most_probable(masked, tokens, segments, count):
    """Asks KerasHub's model directly, for tokens that are written out."""
    ids = [WORDS.index(token) for token in tokens.split()]
    padding = [0] * (24 - len(ids))
    scores = masked._model(
        {
            "token_ids": np.array([ids + padding]),
            "segment_ids": np.array([segments + padding]),
            "padding_mask": np.array([[1] * len(ids) + padding]),
            "mask_positions": np.array([[ids.index(WORDS.index("[MASK]"))]]),
        }
    ).numpy()[0, 0]
    order = np.argsort(-scores)
    return [WORDS[i] for i in order if WORDS[i].isalpha() and len(WORDS[i]) > 1][:count]


def test_the_model_reads_the_masked_text_and_the_clean_one_behind_it(masked):
    tokens = "[CLS] the [MASK] was un ##likely [SEP] the film was un ##likely [SEP]"
    expected = most_probable(masked, tokens, [0] * 7 + [1] * 6, 12)
    found = masked.fitting([place("The film was unlikely", "film")], words_of(masked).is_word, 11)
    assert found == [[word for word in expected if word != "film"][:11]]


def test_many_places_are_asked_in_order(masked):
    texts = [f"{word} was good" for word in ("film", "movie", "plot", "scene")] * 10
    places = [place(text, "good") for text in texts]
    is_word = words_of(masked).is_word
    found = masked.fitting(places, is_word, 3)
    assert found == [masked.fitting([one], is_word, 3)[0] for one in places[:4]] * 10
    assert masked.fitting([], is_word, 3) == []
    assert all("good" not in row and len(row) == 3 for row in found)


def test_a_place_beyond_what_the_model_reads_has_no_candidates(masked):
    text = "the film was " * 12 + "good"
    found = masked.fitting([place(text, "good")], words_of(masked).is_word, 3)
    assert found == [[]]


def test_byte_pairs_are_asked_with_the_space_before_the_word(presets):
    masked = MaskedWords(str(presets / "roberta"))
    found = masked.fitting([place("a good film", "good")], words_of(masked).is_word, 5)
    assert sorted(found[0]) == ["bad", "film"]
    token_ids, _ = masked._packed([place("a good film", "good")])
    read = [masked.tokenizer.id_to_token(int(i)) for i in token_ids[0] if i != 1]
    assert read == [
        *("<s>", "a", "<mask>", "\u0120film", "</s>", "</s>"),
        *("a", "\u0120good", "\u0120film", "</s>"),
    ]


def test_a_head_that_was_never_trained_is_refused(tmp_path):
    model = bert_masked_lm()
    model.backbone.save_to_preset(str(tmp_path / "encoder"))
    model.preprocessor.save_to_preset(str(tmp_path / "encoder"))
    with pytest.raises(InputError, match="whose head was never trained"):
        MaskedWords(str(tmp_path / "encoder"))
    with pytest.raises(InputError, match="Cannot load a masked language model from 'no_such'"):
        MaskedWords("no_such")


def test_tinybert_asks_it_for_words_of_one_token_and_the_table_for_others(presets, masked):
    preset = str(presets / "bert")
    method = TinyBertEditing(probability=1.0, candidates=2, masked_lm=preset)
    near = words_of(masked)

    def no_teacher():
        raise AssertionError("the masked language model has tokens and embeddings of its own")

    (versions,) = method.rewritten(["the film was unlikely"], 40, 0, no_teacher)
    fitting = masked.fitting([place("the film was unlikely", "film")], near.is_word, 2)[0]
    expected = {(f, u) for f in fitting for u in near.nearest(["unlikely"], 2)[0]}
    assert {tuple(version.split()[1::2]) for version in versions} == expected
