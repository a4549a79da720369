import conftest
import numpy as np
import pytest
import tensorflow as tf
from conftest import LENGTH, both, clean, distil_bert, roberta, sentiment, text_of, tokens_of

from tfaugkd.augment.mixup import MixUp
from tfaugkd.augment.variants import Variants
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import Objective
from tfaugkd.data.batches import training_batches
from tfaugkd.data.examples import Examples
from tfaugkd.data.files import write_rows
from tfaugkd.distiller import Distiller
from tfaugkd.errors import InputError

TEXTS = ["good film", "bad film", "the plot", "a scene", "great", "awful", "fun", "dull"]


def originals():
    return Examples(TEXTS, labels=np.arange(8, dtype=np.int32) % 2, label_names=("no", "yes"))


def words_of(row):
    return text_of(row).removeprefix("[CLS] ").removesuffix(" [SEP]")


def as_draws(tokens):
    return tokens._asdict()


@pytest.fixture
def file(tmp_path):
    """Two variants of the first text, one of the second, none of the others."""
    rows = [(0, "a good film"), (1, "awful film"), (0, "great movie")]
    write_rows(tmp_path / "aug.csv", [{"id": i, "text": text} for i, text in rows])
    return str(tmp_path / "aug.csv")


def test_both_models_read_the_variant_and_the_degree_counts_what_differs(teacher, student):
    original = tokens_of("[CLS] the film was good [SEP]", "[CLS] very good [SEP]")
    shown = tokens_of("[CLS] the movie was fun [SEP]", "[CLS] very [SEP]")
    batch = clean(original)
    views = Variants("unread.tsv")(batch, as_draws(shown), both(teacher, student))
    assert [text_of(row) for row in views.student.token_ids] == [
        "[CLS] the movie was fun [SEP]",
        "[CLS] very [SEP]",
    ]
    assert views.teacher is views.student
    assert views.targets is batch.targets
    # Of "very good" the second token went: one position of two.
    np.testing.assert_allclose(views.degree, [0.5, 0.5])


def test_the_original_itself_has_degree_zero(teacher, student):
    original = tokens_of("[CLS] the film was good [SEP]")
    views = Variants("unread.tsv")(clean(original), as_draws(original), both(teacher, student))
    np.testing.assert_array_equal(views.degree, [0.0])


def test_compiled_it_does_the_same(teacher, student):
    original, shown = tokens_of("[CLS] a film [SEP]"), tokens_of("[CLS] good fun [SEP]")
    method, models = Variants("unread.tsv"), both(teacher, student)

    @tf.function(jit_compile=True)
    def compiled(draws):
        views = method(clean(original, labels=[1]), draws, models)
        return views.student, views.degree

    tokens, changed = compiled(as_draws(shown))
    np.testing.assert_array_equal(tokens.token_ids, shown.token_ids)
    np.testing.assert_array_equal(changed, [1.0])


def test_batches_show_a_variant_of_each_example(file, student):
    dataset = training_batches(
        originals(), student.classifier.preprocessor, 8, LENGTH, [Variants(file)], seed=5
    )
    spec = dataset.element_spec[0]["draws"]["variants"]
    assert spec["token_ids"] == tf.TensorSpec((8, LENGTH), tf.int32)
    shown = {text: set() for text in TEXTS}
    for x, *_ in dataset.take(12):
        pairs = zip(x["token_ids"], x["draws"]["variants"]["token_ids"], strict=True)
        for original, variant in pairs:
            name = words_of(original)
            shown[name].add(words_of(variant))
    expected = {text: {text} for text in TEXTS}
    expected |= {"good film": {"a good film", "great movie"}, "bad film": {"awful film"}}
    assert shown == expected


def test_which_variant_is_shown_depends_on_seed_and_batch_number_alone(file, student):
    def stream(augmentations):
        dataset = training_batches(
            originals(), student.classifier.preprocessor, 8, LENGTH, augmentations, seed=5
        )
        return [x["draws"]["variants"]["token_ids"].numpy() for x, *_ in dataset.take(4)]

    alone = stream([Variants(file)])
    beside = stream([MixUp(alpha=0.4), Variants(file)])
    np.testing.assert_array_equal(alone, beside)
    assert len({batch.tobytes() for batch in alone}) > 1


def test_two_vocabularies_read_the_same_variant(file, student):
    teacher = SplitClassifier(roberta())
    method = Variants(file)
    dataset = training_batches(
        originals(),
        student.classifier.preprocessor,
        8,
        LENGTH,
        [method],
        teacher.classifier.preprocessor,
    )
    distiller = Distiller(teacher, SplitClassifier(distil_bert()), augmentations=[method])
    x, y, _ = next(iter(dataset))
    batch, draws = distiller.clean_batch(x, y)
    views = distiller.augment(method, batch, draws)
    ids = views.teacher.token_ids.numpy()
    kept = tf.ragged.boolean_mask(ids, ~teacher.vocabulary.special[ids])
    read = teacher.classifier.preprocessor.tokenizer.detokenize(kept)
    expected = [words_of(row) for row in views.student.token_ids]
    assert [tf.compat.as_text(text) for text in np.asarray(read).tolist()] == expected


def test_a_student_learns_from_variants_alone(teacher_that_knows, tmp_path):
    """The clean texts of the training data say nothing; their variants do."""
    known = sentiment(64, seed=8)
    empty = Examples(["the film"] * 64, labels=known.labels, label_names=known.label_names)
    rows = [{"id": i, "text": text} for i, text in enumerate(known.text_a)]
    write_rows(tmp_path / "aug.tsv", rows)
    student = SplitClassifier(conftest.bert(layers=1, seed=4))
    method = Variants(str(tmp_path / "aug.tsv"))
    distiller = Distiller(teacher_that_knows, student, augmentations=[method])
    distiller.compile("adam", jit_compile=False)
    distiller.optimizer.learning_rate = 0.01
    data = training_batches(empty, student.classifier.preprocessor, 16, LENGTH, [method])
    history = distiller.fit(data, epochs=2, steps_per_epoch=40, verbose=0).history
    assert history["variants_distillation_loss"][1] < history["variants_distillation_loss"][0] / 2
    assert history["variants_degree"][1] > 0.5
    assert "variants_student_loss" not in history


@pytest.fixture(scope="module")
def teacher_that_knows():
    model = SplitClassifier(conftest.bert(layers=1, seed=3))
    distiller = Distiller(None, model, Objective(hard=1.0, soft=0.0))
    distiller.compile("adam", jit_compile=False)
    distiller.optimizer.learning_rate = 0.01
    data = training_batches(sentiment(128, seed=7), model.classifier.preprocessor, 16, LENGTH)
    distiller.fit(data, steps_per_epoch=60, verbose=0)
    return model


def test_a_file_that_does_not_fit_the_data_is_refused(file, tmp_path):
    strangers = Examples(TEXTS, ids=[str(i + 100) for i in range(8)])
    with pytest.raises(InputError, match=r"aug.csv has no variant of any of the 8 texts"):
        Variants(file).choices(strangers)
    with pytest.raises(InputError, match=r"line 3: '1' is the id of none of the 1 training"):
        Variants(file).choices(originals(), known=["0"])
    pairs = Examples(TEXTS, TEXTS)
    with pytest.raises(InputError, match="text_b is None, but the training data are pairs"):
        Variants(file).choices(pairs)


def test_data_without_variants_are_refused_in_a_sentence(teacher, student):
    tokens = tokens_of("[CLS] a film [SEP]")
    with pytest.raises(InputError, match="variants draws its token_ids in the input pipeline"):
        Variants("unread.tsv")(clean(tokens), {}, both(teacher, student))
