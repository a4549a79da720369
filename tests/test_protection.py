import numpy as np
import pytest
import tensorflow as tf
from conftest import FAMILIES, LENGTH, WORDS, both, clean, text_of, tokens_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tfaugkd.augment.augpro import augpro_fgsm, augpro_mix
from tfaugkd.augment.eda import EDA
from tfaugkd.augment.fgsm import FGSM
from tfaugkd.augment.knn import KNN
from tfaugkd.augment.mixup import MixUp
from tfaugkd.augment.pga import PGA
from tfaugkd.augment.random_generation import RandomGeneration
from tfaugkd.augment.random_replacement import RandomReplacement
from tfaugkd.augment.tmix import TMix
from tfaugkd.augment.words import touchable
from tfaugkd.classifier import Answer
from tfaugkd.data.batches import training_batches
from tfaugkd.data.examples import Examples
from tfaugkd.data.inputs import read_inputs
from tfaugkd.data.tokenisation import tokenise
from tfaugkd.errors import InputError
from tfaugkd.protection import protected_positions
from tfaugkd.vocabulary import tokens_by_id

GENE = "un ##likely"


def found(family, text, *strings):
    """Tokenises a text, and gives its pieces that are protected, with blanks between them."""
    preprocessor = FAMILIES[family](layers=1).preprocessor
    tokens = tokenise(preprocessor, Examples([text], protect=strings), LENGTH)
    marked = np.flatnonzero(tokens["protected"][0])
    vocabulary = tokens_by_id(preprocessor.tokenizer)
    return " ".join(vocabulary[tokens["token_ids"][0][place]] for place in marked)


@pytest.mark.parametrize(
    ("text", "strings", "pieces"),
    [
        ("the unlikely film", ["unlikely"], GENE),
        ("the UNLIKELY film", ["Unlikely"], GENE),
        ("the film!", ["film!"], "film !"),
        # Inside a word, whatever it is cut into.
        ("the unlikely film", ["un"], "un"),
        ("the films", ["film"], "film"),
        ("good, bad", ["good", "bad"], "good bad"),
        ("a film film", ["film"], "film film"),
        # Not across words.
        ("un likely", ["unlikely"], ""),
        ("the un", ["unlikely"], ""),
    ],
)
def test_pieces_that_spell_a_string(text, strings, pieces):
    assert found("bert", text, *strings) == pieces


@pytest.mark.parametrize("text", ["good film", "bad good film", "badgood film"])
def test_byte_pairs_at_the_beginning_in_the_middle_and_inside_a_word(text):
    marked = found("roberta", text, "good").replace(" ", "").replace("Ġ", "")
    assert marked == "good"


def test_a_string_of_which_the_tokenizer_makes_nothing_is_refused():
    tokenizer = FAMILIES["bert"](layers=1).preprocessor.tokenizer
    with pytest.raises(InputError, match=r"data\.protect has '  ', of which the tokenizer makes"):
        protected_positions(tokenizer, np.zeros((1, 4), np.int32), ["  "])


def test_the_mask_comes_with_the_batches_only_if_something_is_protected():
    preprocessor = FAMILIES["bert"](layers=1).preprocessor
    texts, labels = ["the unlikely film"] * 8, np.zeros(8, np.int32)

    def inputs(*strings):
        examples = Examples(texts, labels=labels, protect=strings)
        x, *_ = next(iter(training_batches(examples, preprocessor, 8, LENGTH)))
        return x

    assert "protected" not in inputs()
    assert read_inputs(inputs()).student.protected is None
    protected = read_inputs(inputs("unlikely")).student.protected
    assert protected.dtype == tf.int32
    assert protected.numpy().tolist() == [[0, 0, 1, 1] + [0] * (LENGTH - 4)] * 8


def test_protected_text_is_no_text(student):
    tokens = tokens_of(f"[CLS] the {GENE} film [SEP]")
    mask = np.zeros((1, LENGTH), np.int32)
    mask[0, 2:4] = 1
    assert touchable(student.vocabulary, tokens).numpy()[0, :6].tolist() == [0, 1, 1, 1, 1, 0]
    protected = tokens._replace(protected=tf.constant(mask))
    assert touchable(student.vocabulary, protected).numpy()[0, :6].tolist() == [0, 1, 0, 0, 1, 0]


def random_batch(seed):
    """Eight texts with one protected string of two pieces each, somewhere."""
    random = np.random.default_rng(seed)
    texts, masks = [], np.zeros((8, LENGTH), np.int32)
    for row in range(8):
        words = list(random.choice(WORDS[7:25], size=random.integers(1, 8)))
        place = int(random.integers(len(words) + 1))
        words[place:place] = GENE.split()
        texts.append(" ".join(["[CLS]", *words, "[SEP]"]))
        masks[row, place + 1 : place + 3] = 1
    return tokens_of(*texts)._replace(protected=tf.constant(masks))


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_no_method_touches_it(teacher, student, seed):
    tokens = random_batch(seed)
    protected = tokens.protected.numpy() == 1
    gradients = np.random.default_rng(seed).normal(size=(*protected.shape, 8)).astype(np.float32)
    batch = clean(tokens, gradients=gradients)
    batch = batch._replace(teacher_answer=Answer(teacher.logits(tokens)))
    embedded = student.embed(tokens.token_ids).numpy()
    for method in (MixUp(weight=0.3), FGSM(epsilon=1.0), PGA(radius=1.0, step_size=1.0)):
        shown = method(batch, {}, both(teacher, student)).student
        assert shown.states.numpy()[protected].tolist() == embedded[protected].tolist()
        free = (tokens.padding_mask.numpy() == 1) & ~protected
        assert (shown.states.numpy()[free] != embedded[free]).any()
    for method in (augpro_mix(), augpro_fgsm(epsilon=50.0)):
        text = method(batch, {}, both(teacher, student)).student.token_ids.numpy()
        assert text[protected].tolist() == tokens.token_ids.numpy()[protected].tolist()
        assert all(GENE in text_of(row) for row in text)
    behind_first = student.encode(
        student.embed(tokens.token_ids), tokens.segment_ids, tokens.padding_mask, to_layer=1
    ).numpy()
    mixed = TMix(weight=0.3)(batch, {}, both(teacher, student)).student.states.numpy()
    assert mixed[protected] == pytest.approx(behind_first[protected])


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_method_of_words_touches_one(teacher, student, seed, drawn):
    tokens = random_batch(seed)
    # Beside the string of two pieces, the first word of each text, which any of them could take.
    first = tf.one_hot([1] * 8, LENGTH, dtype=tf.int32)
    tokens = tokens._replace(protected=tf.maximum(tokens.protected, first))
    before = [text_of(row).split() for row in tokens.token_ids.numpy()]
    methods = [method(degree=1.0) for method in (KNN, RandomReplacement)]
    methods += [RandomGeneration(), EDA(alpha_rs=0.0, alpha_ri=0.0, alpha_sr=0.0, alpha_rd=1.0)]
    for method in methods:
        prepared = method.prepared(teacher) if hasattr(method, "prepared") else method
        draws = prepared.draw(tf.constant([5, drawn]), 8)
        views = prepared(clean(tokens), draws, both(teacher, student))
        after = [text_of(row).split() for row in views.student.token_ids.numpy()]
        for own, made in zip(before, after, strict=True):
            assert made[1] == own[1]
            assert GENE in " ".join(made)


def test_nothing_of_a_partners_protected_text_is_mixed_in(student):
    tokens = tokens_of("[CLS] good film was very [SEP]", *["[CLS] the plot was bad [SEP]"] * 7)
    mask = np.zeros((8, LENGTH), np.int32)
    mask[1:, 2] = 1
    batch = clean(tokens._replace(protected=tf.constant(mask)))
    states = MixUp(weight=0.3)(batch, {}, both(student, student)).student.states.numpy()[0]
    own = student.embed(tokens.token_ids).numpy()
    assert states[1] == pytest.approx(0.3 * own[0, 1] + 0.7 * own[1, 1])
    assert states[2] == pytest.approx(0.3 * own[0, 2])
