import csv
import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from conftest import LENGTH, WORDS, bert, distil_bert, scalars_of, sentiment
from scipy.special import log_softmax
from tensorflow.python.framework.func_graph import FuncGraph

from tfaugkd import training_callbacks, training_texts
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import DeepDistillation, MethodConfig, Objective, StudentConfig
from tfaugkd.data.batches import training_batches
from tfaugkd.data.tasks import Task
from tfaugkd.errors import InputError
from tfaugkd.exact_resume import ExactResume
from tfaugkd.scoring import Scored
from tfaugkd.stored_logits import stored_logits
from tfaugkd.student import build_student
from tfaugkd.train_config import TensorBoardConfig, TrainConfig
from tfaugkd.training import FINE_TUNING, Trained, train
from tfaugkd.training_texts import Texts

TASK = Task("custom", "text", label_names=("negative", "positive"))
TEXTS = Texts(TASK, sentiment(40), sentiment(24, seed=1), LENGTH)
UNWATCHED = Texts(TASK, TEXTS.train, None, LENGTH)
# Pages of examples are graphs of their own, and tests/test_augmented_examples.py has them.
PLAIN = TensorBoardConfig(examples=0)
SHORT = TrainConfig(
    steps=4,
    batch_size=8,
    learning_rate=0.01,
    evaluate_every=2,
    jit_compile=False,
    seed=3,
    tensorboard=PLAIN,
)
CLEAN = ["student_loss", "distillation_loss"]
# The epsilon is given, because finding one takes seconds.
MIX = {"name": "augpro_mix"}
AUGPRO_MIX = [
    f"augpro_mix_{term}"
    for term in ("distillation_loss", "degree", "by_parents", "by_neighbours", "by_search")
]
FGSM = {"name": "augpro_fgsm", "epsilon": 2.0}


@pytest.fixture(scope="module")
def big():
    """A teacher; the loss needs no layers to be right, and each takes time to compile."""
    return SplitClassifier(bert(layers=1, seed=1))


def classify(model, texts):
    """Gives logits in the way that Keras does, without tfaugkd."""
    return model.classifier(model.classifier.preprocessor(texts)).numpy()


def weights_of(model):
    return [weight.numpy() for weight in model.classifier.weights]


def csv_of(folder):
    with (folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    # Keras writes NA where there is no score of a validation split.
    names = [name for name, value in rows[0].items() if name != "epoch" and value != "NA"]
    return {name: [float(row[name]) for row in rows] for name in names}


def new_student():
    return SplitClassifier(bert(layers=1, seed=2))


def run(teacher, augment, folder, texts=UNWATCHED):
    return train(teacher, new_student(), texts, MethodConfig(augment=augment), SHORT, folder)


def check_logs(result, terms, folder):
    """What TensorBoard and the CSV hold is Keras' history, which adds up."""
    names = ["loss", *CLEAN, *terms]
    for name in names:
        assert len(result.history[name]) == 2, "one value for each of the two epochs"
    assert np.isfinite(list(result.history.values())).all()
    parts = [result.history[name] for name in names[1:] if name.endswith("loss")]
    np.testing.assert_allclose(result.history["loss"], np.sum(parts, axis=0), rtol=1e-5)

    logged = scalars_of(folder / "train")
    for name in names:
        assert [step for step, _ in logged[f"batch_{name}"]] == [1, 2, 3, 4]
        epochs = [value for _, value in logged[f"epoch_{name}"]]
        np.testing.assert_allclose(epochs, result.history[name], rtol=1e-6)
    written = csv_of(folder)
    assert sorted(written) == sorted(result.history)
    for name, values in result.history.items():
        np.testing.assert_allclose(written[name], values, rtol=1e-5)


def check_degrees(result, methods):
    assert list(result.degree) == list(result.audits) == methods
    for name in methods:
        assert 0 < result.degree[name] < 1
        assert result.degree[name] == result.history[f"{name}_degree"][-1]
        assert result.audits[name].distinct > 0


@pytest.mark.parametrize(
    ("augment", "terms"),
    [
        ([], []),
        ([{"name": "mixup"}], ["mixup_student_loss", "mixup_distillation_loss"]),
        ([MIX], AUGPRO_MIX),
    ],
    ids=["none", "mixup", "augpro_mix"],
)
def test_a_method_trains_and_its_terms_are_logged(augment, terms, big, tmp_path):
    result = run(big, augment, tmp_path)
    check_logs(result, terms, tmp_path)
    check_degrees(result, [name[:-7] for name in terms if name.endswith("_degree")])
    assert sorted(result.history) == sorted(["loss", *CLEAN, *terms])
    assert result.seconds_per_step > 0


def test_all_methods_train_together_and_the_split_is_watched(big, tmp_path):
    frozen = weights_of(big)
    result = run(big, [MIX, FGSM, {"name": "mixup"}, {"name": "fgsm"}], tmp_path, TEXTS)
    terms = [*AUGPRO_MIX]
    terms += ["augpro_fgsm_distillation_loss", "augpro_fgsm_degree"]
    terms += ["mixup_student_loss", "mixup_distillation_loss", "fgsm_distillation_loss"]
    check_logs(result, terms, tmp_path)
    check_degrees(result, ["augpro_mix", "augpro_fgsm"])

    # The last value is the score of the student as it is after the run.
    assert sorted(result.history) == sorted(["loss", *CLEAN, *terms, "val_accuracy"])
    logits = classify(result.model, TEXTS.dev.text_a)
    right = np.mean(logits.argmax(-1) == TEXTS.dev.labels)
    assert result.history["val_accuracy"][-1] == pytest.approx(right)
    logged = [value for _, value in scalars_of(tmp_path / "validation")["epoch_accuracy"]]
    np.testing.assert_allclose(logged, result.history["val_accuracy"], rtol=1e-6)

    moved = zip(weights_of(result.model), weights_of(new_student()), strict=True)
    assert any(not np.array_equal(new, old) for new, old in moved)
    for new, old in zip(weights_of(big), frozen, strict=True):
        np.testing.assert_array_equal(new, old)


def test_one_seed_gives_one_result(tmp_path):
    # The teacher is the same object throughout, as in a comparison.
    dropping = SplitClassifier(bert(layers=1, seed=1, dropout=0.2))
    method = MethodConfig(teacher_dropout=True)

    def run():
        student = build_student(dropping, StudentConfig(layers=1), 2, SHORT.seed)
        return train(dropping, student, UNWATCHED, method, SHORT, tmp_path / "logs")

    one, again = run(), run()
    assert one.history == again.history
    for weight, same in zip(weights_of(one.model), weights_of(again.model), strict=True):
        np.testing.assert_array_equal(weight, same)


def test_fine_tuning_asks_no_teacher(tmp_path):
    config = TrainConfig(steps=2, batch_size=8, jit_compile=False)
    result = train(None, new_student(), TEXTS, FINE_TUNING, config, tmp_path)
    # The split is not watched either, unless evaluate_every says how often.
    assert sorted(result.history) == ["loss", "student_loss"]
    assert (result.degree, result.audits) == ({}, {})


def test_models_of_two_vocabularies_read_the_same_text(big, tmp_path):
    words = [*WORDS[:7], *reversed(WORDS[7:])]
    student = SplitClassifier(bert(layers=1, seed=2, words=words))
    expected = np.mean(
        (classify(big, TEXTS.train.text_a) - classify(student, TEXTS.train.text_a)) ** 2
    )
    # All texts are in the one batch.
    config = TrainConfig(steps=1, batch_size=40, jit_compile=False)
    result = train(big, student, UNWATCHED, MethodConfig(), config, tmp_path)
    assert result.history["distillation_loss"] == [pytest.approx(expected, rel=1e-4)]


def test_another_family_with_the_vocabulary_is_taught_by_projected_pairs(tmp_path):
    # The teacher reads segments, which the student's family does not have.
    teacher = SplitClassifier(bert(layers=2, seed=1))
    student = SplitClassifier(distil_bert(layers=1, seed=2))
    pairs = sentiment(40, seed=3, pairs=True)
    both = (pairs.text_a, pairs.text_b)
    logits = [m.classifier(m.classifier.preprocessor(both, y=None)) for m in (teacher, student)]
    texts = Texts(TEXTS.task, pairs, None, LENGTH)
    config = TrainConfig(steps=1, batch_size=40, jit_compile=False)
    method = MethodConfig(augment=[{"name": "augpro_mix"}])
    result = train(teacher, student, texts, method, config, tmp_path)
    expected = np.mean((logits[0].numpy() - logits[1].numpy()) ** 2)
    assert result.history["distillation_loss"] == [pytest.approx(expected, rel=1e-4)]
    assert result.degree["augpro_mix"] > 0.05


def test_an_augmentation_that_changes_nothing_stops_the_run(big, tmp_path):
    with pytest.raises(InputError, match="augpro_mix leaves the texts as they are"):
        run(big, [{"name": "augpro_mix", "weight": 1.0}], tmp_path)


@pytest.mark.parametrize(
    ("method", "formula"),
    [
        (FINE_TUNING, "1 CE(student, label)"),
        (MethodConfig(), "1 CE(student, label) + 1 mse(student, teacher)"),
        (
            MethodConfig(Objective(0.0, 0.5, "kl", 2.0), [MIX, FGSM]),
            "0.5 kl(student, teacher) at T = 2 + L(augpro_mix) + L(augpro_fgsm)",
        ),
        (
            MethodConfig(Objective(deep=DeepDistillation(hidden=0.5, patient=2.0))),
            "1 CE(student, label) + 1 mse(student, teacher) + 0.5 hidden(student, teacher) + "
            "2 patient(student, teacher)",
        ),
    ],
)
def test_the_objective_in_words(method, formula):
    assert method.formula == formula


def test_means_are_those_of_the_last_epoch():
    history = {"loss": [3.0, 2.0], "degree": [np.float32(0.5)]}
    trained = Trained(new_student(), 0.1, history=history)
    assert trained.last_means == {"loss": 2.0, "degree": 0.5}


def test_the_best_of_the_scored_weights_are_kept(monkeypatch, tmp_path):
    scores = iter([0.5, 0.9, 0.7])
    seen = []

    def scored(model, *_):
        seen.append(weights_of(model))
        return Scored({"accuracy": next(scores)}, np.zeros((24, 2)))

    monkeypatch.setattr(training_callbacks, "score_model", scored)
    config = replace(SHORT, steps=6, keep="best")
    result = train(None, new_student(), TEXTS, FINE_TUNING, config, tmp_path)
    assert result.history["val_accuracy"] == [0.5, 0.9, 0.7]
    for kept, best, last in zip(weights_of(result.model), *seen[1:], strict=True):
        np.testing.assert_array_equal(kept, best)
        assert kept.size == 0 or not np.array_equal(kept, last)


def test_a_loss_that_is_no_number_names_the_texts(tmp_path):
    config = TrainConfig(
        steps=8, batch_size=8, learning_rate=1e30, warmup=0.0, clip_norm=0.0, optimizer="sgd"
    )
    resume = ExactResume(tmp_path / "run", every_steps=1)
    with pytest.raises(InputError) as stopped:
        train(None, new_student(), TEXTS, FINE_TUNING, config, tmp_path, [resume])
    batches = training_batches(TEXTS.train, new_student().classifier.preprocessor, 8, LENGTH)
    step = int(str(stopped.value).split()[2])
    assert step in (2, 3)
    texts = ", ".join(TEXTS.train.ids[place] for place in batches.examples_of(np.int64(step - 1)))
    assert f" student_loss is nan, on the texts {texts}; look at" in str(stopped.value)
    # The first update alone has left numbers.
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["batch_000000000001.npz"]


def partly_labelled(count):
    """The texts to train on, of which the first ones alone keep their label."""
    labels = np.where(np.arange(40) < count, TEXTS.train.labels, -1)
    return replace(UNWATCHED, train=replace(TEXTS.train, labels=labels))


def test_texts_without_labels_teach_by_the_teacher_alone(big, tmp_path):
    # All texts are in the one batch, and the loss against labels counts eight of them.
    config = TrainConfig(steps=1, batch_size=40, jit_compile=False)
    result = train(big, new_student(), partly_labelled(8), MethodConfig(), config, tmp_path)
    logits = classify(new_student(), TEXTS.train.text_a)
    every = -log_softmax(logits, -1)[np.arange(40), TEXTS.train.labels]
    soft = np.mean((logits - classify(big, TEXTS.train.text_a)) ** 2)
    assert result.history["student_loss"] == [pytest.approx(every[:8].sum() / 40, rel=1e-4)]
    assert result.history["distillation_loss"] == [pytest.approx(soft, rel=1e-4)]


def test_texts_without_labels_are_left_out_where_no_teacher_is_asked(tmp_path, caplog):
    config = TrainConfig(steps=1, batch_size=16, jit_compile=False)
    with caplog.at_level("INFO", logger="tfaugkd"):
        result = train(None, new_student(), partly_labelled(16), FINE_TUNING, config, tmp_path)
    logits = classify(new_student(), TEXTS.train.text_a[:16])
    expected = -log_softmax(logits, -1)[np.arange(16), TEXTS.train.labels[:16]].mean()
    assert result.history["student_loss"] == [pytest.approx(expected, rel=1e-4)]
    assert "Left out 24 texts without a label: no teacher is asked." in caplog.text


def test_without_any_label_the_teacher_is_all(big, tmp_path):
    texts = replace(UNWATCHED, train=replace(TEXTS.train, labels=None))
    method = MethodConfig(Objective(hard=0.0), [MIX])
    result = train(big, new_student(), texts, method, SHORT, tmp_path)
    assert "student_loss" not in result.history
    with pytest.raises(InputError, match="Training needs labels"):
        train(big, new_student(), texts, MethodConfig(), SHORT, tmp_path)


def test_a_run_in_passes_is_scored_after_each(big, tmp_path):
    config = TrainConfig(epochs=2, batch_size=16, jit_compile=False)
    result = train(big, new_student(), TEXTS, MethodConfig(), config, tmp_path)
    assert len(result.history["val_accuracy"]) == 2


def test_what_was_trained_leaves_the_memory_with_its_weights(tmp_path):
    def kept():
        """Graphs of the update, each of which holds the weights and the optimizer's slots."""
        gc.collect()
        graphs = [part for part in gc.get_objects() if isinstance(part, FuncGraph)]
        return sum(graph.name == "_update" for graph in graphs)

    before = kept()
    model = new_student()
    weights = weakref.ref(model.table)
    trained = train(None, model, UNWATCHED, FINE_TUNING, SHORT, tmp_path)
    assert np.isfinite(trained.history["loss"]).all()
    del model, trained
    assert (kept(), weights()) == (before, None)


@pytest.mark.parametrize("augment", [[], [{"name": "pga", "radius": 0.1}]])
def test_the_teacher_is_asked_about_clean_texts_once(big, tmp_path, monkeypatch, augment):
    method = MethodConfig(augment=augment)
    asked = []
    monkeypatch.setattr(
        training_texts, "stored_logits", lambda *given: asked.append(given) or stored_logits(*given)
    )

    def weights(**options):
        student = SplitClassifier(bert(layers=1, seed=2))
        config = replace(SHORT, steps=8, **options)
        train(big, student, UNWATCHED, method, config, tmp_path)
        return weights_of(student)

    stored = weights()
    assert len(asked) == 1
    for one, other in zip(stored, weights(store_teacher_logits=False), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("method", "config"),
    [
        (MethodConfig(Objective(soft=0.0)), replace(SHORT, steps=8)),
        (MethodConfig(teacher_dropout=True), replace(SHORT, steps=8)),
        (MethodConfig(), SHORT),
    ],
)
def test_answers_are_not_stored_where_that_saves_nothing(
    big, tmp_path, monkeypatch, method, config
):
    monkeypatch.setattr(training_texts, "stored_logits", None)
    train(big, SplitClassifier(bert(layers=1, seed=2)), UNWATCHED, method, config, tmp_path)


def test_a_student_learns_from_batches_of_similar_lengths(big, tmp_path):
    student = SplitClassifier(bert(layers=1, seed=2))
    config = replace(SHORT, steps=20, evaluate_every=10, length_buckets=[8], learning_rate=0.02)
    history = train(big, student, UNWATCHED, MethodConfig(), config, tmp_path).history
    assert history["loss"][1] < history["loss"][0]
