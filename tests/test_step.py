import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import (
    LENGTH,
    WORDS,
    bert,
    classified,
    distil_bert,
    sentiment,
)
from scipy.special import log_softmax
from test_mixing import SPECIALS

from tfaugkd.augment.augpro import augpro_fgsm, augpro_mix
from tfaugkd.augment.fgsm import FGSM
from tfaugkd.augment.mixup import MixUp
from tfaugkd.augment.pga import PGA
from tfaugkd.augment.tmix import TMix
from tfaugkd.classifier import Hidden, SplitClassifier, Tokens
from tfaugkd.config import Objective
from tfaugkd.data.batches import training_batches
from tfaugkd.data.examples import Examples
from tfaugkd.data.inputs import read_inputs
from tfaugkd.distiller import Distiller
from tfaugkd.errors import InputError

METHODS = {
    "mixup": MixUp(weight=0.3),
    "mixkd": MixUp(alpha=0.4, rotation=3, hard=0.5, name="mixkd"),
    "fgsm": FGSM(epsilon=0.5),
    "random": FGSM(direction="random", hard=1.0, name="random"),
    "augpro_mix": augpro_mix(rotation=2),
    "augpro_fgsm": augpro_fgsm(epsilon=2.5),
    "tmix": TMix(),
    "pga": PGA(radius=0.5, step_size=0.5),
}
LABELS_ONLY = Objective(soft=0.0)
SOFTENED = Objective(hard=0.3, soft=2.0, distance="kl", temperature=2.0)


@pytest.fixture(scope="module")
def master():
    """A teacher of two layers, without dropout."""
    return SplitClassifier(bert(layers=2, seed=1))


@pytest.fixture(scope="module")
def batch():
    """A batch of 16, with what every method draws, and weights that differ."""
    weights = np.linspace(0.5, 2.0, 24)
    data = training_batches(
        sentiment(24),
        bert(layers=1).preprocessor,
        16,
        LENGTH,
        METHODS.values(),
        sample_weight=weights,
    )
    return next(iter(data))


@pytest.fixture(scope="module")
def compiled(master):
    """Gives a compiled distiller with some of the methods; each is compiled once."""
    found = {}

    def get(*names, **options):
        key = (*names, *options.items())
        if key not in found:
            methods = [METHODS[name] for name in names]
            found[key] = Distiller(master, fresh(), augmentations=methods, **options)
            found[key].compile("sgd")
        return found[key]

    return get


def fresh(seed=2, **options):
    """A student of one layer, always the same."""
    return bert(layers=1, seed=seed, **options)


def eager(teacher, student, objective=None, methods=(), **options):
    distiller = Distiller(teacher, student, objective, methods, **options)
    distiller.compile("sgd", run_eagerly=True)
    return distiller


def rows_of(batch, rows):
    """Takes some rows of a batch, as a batch."""
    return tf.nest.map_structure(lambda values: tf.gather(values, rows), batch)


def values_of(terms):
    return {name: term.values.numpy() for name, term in terms.items()}


def kl_by_hand(teacher, student, temperature):
    soft, own = log_softmax(teacher / temperature, -1), log_softmax(student / temperature, -1)
    return (np.exp(soft) * (soft - own)).sum(-1) * temperature**2


def assert_close(found, expected, tolerance=2e-5):
    for one, other in zip(found, expected, strict=True):
        assert np.asarray(one) == pytest.approx(np.asarray(other), rel=1e-4, abs=tolerance)


@pytest.mark.parametrize("names", [(), tuple(METHODS)], ids="+".join)
def test_xla_gives_the_losses_and_gradients_of_eager_execution(compiled, batch, names):
    distiller = compiled(*names)
    terms, logits, gradients = distiller.losses_and_gradients(*batch)
    plainly = eager(distiller.teacher, distiller.student, methods=distiller.augmentations)
    expected, expected_logits, expected_gradients = plainly.losses_and_gradients(*batch)
    found, expected = values_of(terms), values_of(expected)
    assert found.keys() == expected.keys()
    assert found.keys() >= {"student_loss", "distillation_loss"}
    for name, values in found.items():
        assert values.shape == (16,)
        assert values == pytest.approx(expected[name], rel=1e-4, abs=1e-5), name
    assert_close([logits], [expected_logits])
    assert_close(gradients, expected_gradients)
    assert all(np.abs(gradient).max() > 1e-6 for gradient in gradients[:1])


def test_the_terms_are_those_that_have_a_weight(compiled, batch):
    terms, _, _ = compiled(*METHODS).losses_and_gradients(*batch)
    assert {name: float(term.weight) for name, term in terms.items()} == {
        "student_loss": 1.0,
        "distillation_loss": 1.0,
        "mixup_student_loss": 1.0,
        "mixup_distillation_loss": 1.0,
        "mixkd_student_loss": 0.5,
        "mixkd_distillation_loss": 1.0,
        "fgsm_distillation_loss": 1.0,
        "random_student_loss": 1.0,
        "random_distillation_loss": 1.0,
        "augpro_mix_distillation_loss": 1.0,
        "augpro_mix_degree": 0.0,
        "augpro_fgsm_distillation_loss": 1.0,
        "augpro_fgsm_degree": 0.0,
        "augpro_mix_by_parents": 0.0,
        "augpro_mix_by_neighbours": 0.0,
        "augpro_mix_by_search": 0.0,
        "tmix_student_loss": 1.0,
        "tmix_distillation_loss": 1.0,
        "pga_distillation_loss": 1.0,
    }


def test_the_loss_of_plain_distillation_by_hand(master, batch):
    x, y, _ = batch
    student = fresh()
    distiller = eager(master, student, SOFTENED)
    tokens = read_inputs(x).student
    theirs = classified(master.classifier, tokens).numpy()
    ours = classified(student, tokens).numpy()
    hard = -log_softmax(ours, -1)[np.arange(16), y.numpy()]
    soft = kl_by_hand(theirs, ours, 2.0)
    logs = distiller.train_on_batch(x, y, return_dict=True)
    assert logs["student_loss"] == pytest.approx(hard.mean(), rel=1e-4)
    assert logs["distillation_loss"] == pytest.approx(soft.mean(), rel=1e-4)
    assert logs["loss"] == pytest.approx((0.3 * hard + 2.0 * soft).mean(), rel=1e-4)


def test_the_loss_of_mixup_by_hand(master, batch):
    x, y, _ = batch
    student = SplitClassifier(fresh())
    method = MixUp(weight=0.3, hard=0.5, soft=2.0, rotation=1)
    logs = eager(master, student, methods=[method]).train_on_batch(x, y, return_dict=True)
    student = SplitClassifier(fresh())
    other = [i // 8 * 8 + (i + 1) % 8 for i in range(16)]
    ours, theirs = (
        model.logits(Hidden(mixed_by_hand(model, x, other, 0.3), *laid_over(x, other)[1:])).numpy()
        for model in (student, master)
    )
    targets = 0.3 * np.eye(2)[y.numpy()] + 0.7 * np.eye(2)[y.numpy()[other]]
    hard = -(targets * log_softmax(ours, -1)).sum(-1)
    soft = ((ours - theirs) ** 2).mean(-1)
    assert logs["mixup_student_loss"] == pytest.approx(hard.mean(), rel=1e-4)
    assert logs["mixup_distillation_loss"] == pytest.approx(soft.mean(), rel=1e-4)
    clean = logs["student_loss"] + logs["distillation_loss"]
    assert logs["loss"] == pytest.approx(clean + (0.5 * hard + 2.0 * soft).mean(), rel=1e-4)


def laid_over(x, other):
    """Lays texts over each other, token by token: ids, segments and mask."""
    ids, segments, mask = (x[name].numpy() for name in ("token_ids", "segment_ids", "padding_mask"))
    made = [ids.copy(), segments.copy(), mask.copy()]
    for i, j in enumerate(other):
        for t in range(ids.shape[1]):
            if mask[i, t] or ids[j, t] in SPECIALS:
                continue
            if all(made[2][i, :t]):
                made[0][i, t], made[1][i, t], made[2][i, t] = ids[j, t], segments[j, t], 1
    return made


def mixed_by_hand(model, x, other, weight):
    """Mixes word embeddings, token by token."""
    table, ids = model.table.numpy(), x["token_ids"].numpy()
    made = np.zeros((*ids.shape, table.shape[1]), np.float32)
    for i, j in enumerate(other):
        for t in range(ids.shape[1]):
            if ids[i, t] in SPECIALS[1:]:
                made[i, t] = table[ids[i, t]]
                continue
            if ids[i, t] != 0:
                made[i, t] += weight * table[ids[i, t]]
            if ids[j, t] not in SPECIALS:
                made[i, t] += (1 - weight) * table[ids[j, t]]
    return tf.constant(made)


def projected_by_hand(model, embeddings, ids):
    """Projects text by brute force."""
    table = model.table.numpy()
    found = ids.copy()
    for i, t in np.argwhere(~np.isin(ids, SPECIALS)):
        similarity = table @ embeddings[i, t] / np.linalg.norm(table, axis=1)
        similarity[~model.vocabulary.producible] = -np.inf
        found[i, t] = similarity.argmax()
    return found


def test_the_gradient_is_that_of_the_sum_of_all_losses(master, batch):
    """Everything again with one tape, in Keras' own calls, loops and brute force."""
    methods = [METHODS[name] for name in ("augpro_mix", "fgsm", "augpro_fgsm")]
    distiller = eager(master, fresh(), methods=methods)
    x, y, weight = batch
    _, _, found = distiller.losses_and_gradients(x, y, weight)
    teacher, student = distiller.teacher, distiller.student
    tokens = read_inputs(x).student
    one_hot = tf.one_hot(y, 2)
    clean_answer = classified(teacher.classifier, tokens)

    def distance(one, other):
        return tf.reduce_mean((one - other) ** 2, axis=-1)

    def clean_loss(logits):
        hard = tf.nn.softmax_cross_entropy_with_logits(one_hot, logits)
        return hard + distance(logits, clean_answer)

    with tf.GradientTape() as tape:
        embeddings = tf.constant(student.table.numpy()[tokens.token_ids.numpy()])
        tape.watch(embeddings)
        clean = clean_loss(student.logits(Hidden(embeddings, *tokens[1:3])))
    signs = np.sign(tape.gradient(clean, embeddings).numpy())
    signs[np.isin(tokens.token_ids.numpy(), SPECIALS)] = 0.0
    step = np.sqrt((student.table.numpy() ** 2).mean()) * signs

    other = [i // 8 * 8 + (i + 2) % 8 for i in range(16)]
    ids, segments, mask = laid_over(x, other)
    ids = projected_by_hand(teacher, mixed_by_hand(teacher, x, other, 0.5).numpy(), ids)
    mixed = Tokens(*(tf.constant(part) for part in (ids, segments, mask)))
    ids = projected_by_hand(student, embeddings.numpy() + 2.5 * step, tokens.token_ids.numpy())
    shifted = tokens._replace(token_ids=tf.constant(ids))

    with tf.GradientTape() as tape:
        losses = clean_loss(classified(student.classifier, tokens))
        for made in (mixed, shifted):
            answers = (classified(model.classifier, made) for model in (student, teacher))
            losses += distance(*answers)
        hidden = student.embed(tokens.token_ids) + 0.5 * step
        losses += distance(student.logits(Hidden(hidden, *tokens[1:3])), clean_answer)
        loss = tf.reduce_sum(weight * losses) / 16
    expected = tape.gradient(loss, student.classifier.trainable_variables)
    assert_close(found, [tf.convert_to_tensor(gradient) for gradient in expected])


def test_an_update_is_the_optimizers(master, batch):
    student = fresh()
    distiller = Distiller(master, student, augmentations=[METHODS["augpro_mix"]])
    distiller.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    before = [variable.numpy() for variable in student.trainable_variables]
    _, _, gradients = distiller.losses_and_gradients(*batch)
    distiller.train_on_batch(*batch)
    after = [variable.numpy() for variable in student.trainable_variables]
    assert_close(after, [w - 0.1 * g.numpy() for w, g in zip(before, gradients, strict=True)])


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_updated_by_the_whole_gradient(batch, policy):
    keras.config.set_dtype_policy(policy)
    try:
        methods = [METHODS["mixup"], METHODS["augpro_mix"]]
        student = fresh()
        distiller = Distiller(bert(layers=2, seed=1), student, augmentations=methods)
        distiller.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    finally:
        keras.config.set_dtype_policy("float32")
    head = student.output_dense.bias
    before = head.numpy()
    scale = 1.0
    if policy == "mixed_float16":
        scale = 8.0
        distiller.optimizer.dynamic_scale.assign(scale)
    gradient = distiller.losses_and_gradients(*batch)[2][-1] / scale
    distiller.train_on_batch(*batch)
    assert np.abs(gradient).max() > 0.01
    assert head.numpy() == pytest.approx(before - 0.1 * gradient.numpy(), rel=1e-3)


def test_a_weight_of_zero_leaves_an_example_out(compiled, batch):
    distiller = compiled(*METHODS)
    plainly = eager(distiller.teacher, distiller.student, methods=distiller.augmentations)
    x, y, _ = batch
    # Partners lie in the same block of 8, so a whole block is left out.
    weight = tf.constant([1.0] * 8 + [0.0] * 8)
    terms, _, gradients = distiller.losses_and_gradients(x, y, weight)
    first = rows_of((x, y, weight), range(8))
    expected_terms, _, expected = plainly.losses_and_gradients(*first)
    for name, values in values_of(terms).items():
        assert values[:8] == pytest.approx(expected_terms[name].values.numpy(), rel=1e-4, abs=1e-5)
    # The loss is divided by the size of the batch, here 16 and there 8.
    assert_close(gradients, [gradient / 2 for gradient in expected])


def test_a_weight_counts_as_often(compiled, batch):
    distiller = compiled(*METHODS)
    x, y, weight = batch
    _, _, once = distiller.losses_and_gradients(x, y, weight)
    _, _, twice = distiller.losses_and_gradients(x, y, 2 * weight)
    assert_close(twice, [2 * gradient for gradient in once], tolerance=5e-5)


def test_the_logged_loss_is_the_weighted_mean(master, batch):
    x, y, weight = batch
    distiller = eager(master, fresh(), methods=[METHODS["augpro_mix"]])
    terms, _, _ = distiller.losses_and_gradients(x, y, weight)
    logs = distiller.train_on_batch(x, y, weight, return_dict=True)
    for name, values in values_of(terms).items():
        assert logs[name] == pytest.approx(np.average(values, weights=weight), rel=1e-4, abs=1e-6)
    total = sum(np.average(term.weight * term.values, weights=weight) for term in terms.values())
    assert logs["loss"] == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_withheld_labels_count_in_no_term_against_labels(master, batch, jit_compile):
    x, y, weight = batch
    known = np.arange(16) % 3 > 0
    withheld = tf.where(known, y, -1)
    method = MixUp(weight=0.3, rotation=1)
    found, expected = [], []
    for labels, terms in ((withheld, found), (y, expected)):
        distiller = Distiller(master, fresh(), augmentations=[method])
        distiller.compile("sgd", jit_compile=jit_compile)
        made, _, gradients = distiller.losses_and_gradients(x, labels, weight)
        terms.append(values_of(made))
        assert all(np.isfinite(gradient).all() for gradient in gradients)
    (found,), (expected,) = found, expected
    both_known = known & known[[i // 8 * 8 + (i + 1) % 8 for i in range(16)]]
    assert found["student_loss"] == pytest.approx(np.where(known, expected["student_loss"], 0))
    mixed = np.where(both_known, expected["mixup_student_loss"], 0)
    assert found["mixup_student_loss"] == pytest.approx(mixed)
    for name in ("distillation_loss", "mixup_distillation_loss"):
        assert found[name] == pytest.approx(expected[name])


def test_withheld_labels_are_no_wrong_answers(master, batch):
    x, y, weight = batch
    known = np.arange(16) < 10
    scores = []
    for labels, weights in ((tf.where(known, y, -1), weight), (y, weight * known)):
        distiller = Distiller(master, fresh())
        distiller.compile("sgd", weighted_metrics=["accuracy"], run_eagerly=True)
        logs = distiller.test_on_batch(x, labels, weights, return_dict=True)
        scores.append(logs["accuracy"])
    assert scores[0] == scores[1]


def test_data_without_weights_count_each_example_once(master, batch):
    distiller = eager(master, fresh(), methods=[METHODS["augpro_mix"]])
    x, y, weight = batch
    _, _, without = distiller.losses_and_gradients(x, y, tf.ones_like(weight))
    _, _, expected = distiller.losses_and_gradients(x, y, None)
    assert_close(without, expected)


def test_the_clean_gradients_are_each_examples_own_up_to_a_factor(master, batch):
    x, y, _ = batch
    distiller = eager(master, fresh(), methods=[METHODS["fgsm"]])
    whole, _ = distiller.clean_batch(x, y)
    alone, _ = distiller.clean_batch(*rows_of((x, y), [5]))
    assert whole.clean_gradients.numpy()[5] == pytest.approx(
        alone.clean_gradients.numpy()[0] / 16, rel=1e-3, abs=1e-8
    )


# The teacher.


def test_the_teacher_is_none_of_the_distillers_weights_and_never_changes(batch):
    teacher, student = bert(layers=2, seed=1, dropout=0.2), fresh(dropout=0.1)
    methods = list(METHODS.values())
    distiller = eager(teacher, student, methods=methods, teacher_dropout=True)
    held = {id(variable) for variable in [*distiller.variables, *distiller.weights]}
    assert not held & {id(variable) for variable in teacher.variables}
    assert {id(variable) for variable in student.weights} <= held
    assert distiller.count_params() == student.count_params()
    assert distiller.trainable_variables == student.trainable_variables
    assert len(distiller.optimizer.variables) < 2 * len(student.trainable_variables) + 3
    before = [weight.numpy() for weight in teacher.weights]
    of_student = [weight.numpy() for weight in student.trainable_variables]
    for _ in range(2):
        distiller.train_on_batch(*batch)
    for weight, value in zip(teacher.weights, before, strict=True):
        assert "seed" in weight.path or np.array_equal(weight.numpy(), value)
    for weight, value in zip(student.trainable_variables, of_student, strict=True):
        assert not np.array_equal(weight.numpy(), value) or "key/bias" in weight.path


def test_the_teachers_dropout_is_on_only_if_it_is_asked_for(batch):
    x, y, weight = batch
    teacher = bert(layers=2, seed=1, dropout=0.3)
    methods = [METHODS["augpro_mix"]]

    def losses(**options):
        distiller = eager(teacher, fresh(), methods=methods, **options)
        return [values_of(distiller.losses_and_gradients(x, y, weight)[0]) for _ in range(2)]

    off, again = losses()
    on, anew = losses(teacher_dropout=True)
    for name in ("distillation_loss", "augpro_mix_distillation_loss"):
        assert np.array_equal(off[name], again[name])
        assert not np.allclose(on[name], off[name], rtol=0.01)
        assert not np.allclose(on[name], anew[name], rtol=0.01)
    for name in ("student_loss", "augpro_mix_degree"):
        assert np.array_equal(on[name], off[name])


def test_the_students_dropout_is_on_in_every_term(master, batch):
    methods = [METHODS[name] for name in ("mixup", "random", "augpro_mix")]
    distiller = eager(master, fresh(dropout=0.3), methods=methods)
    once, again = (values_of(distiller.losses_and_gradients(*batch)[0]) for _ in range(2))
    for name, values in once.items():
        dropped = name.endswith("_loss")
        assert np.allclose(values, again[name], rtol=0.01) != dropped, name


def test_evaluation_asks_the_teacher_without_dropout(batch):
    x, y, _ = batch
    teacher, student = bert(layers=2, seed=1, dropout=0.3), fresh(dropout=0.3)
    distiller = eager(teacher, student, teacher_dropout=True)
    tokens = read_inputs(x).student
    theirs, ours = (classified(model, tokens).numpy() for model in (teacher, student))
    logs = distiller.test_on_batch(x, y, return_dict=True)
    assert logs["distillation_loss"] == pytest.approx(((ours - theirs) ** 2).mean(), rel=1e-4)


def test_fine_tuning_needs_no_teacher(batch):
    x, y, weight = batch
    student = fresh()
    distiller = eager(None, student, LABELS_ONLY)
    with tf.GradientTape() as tape:
        logits = classified(student, read_inputs(x).student)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
        loss = tf.reduce_sum(losses * weight) / 16
    expected = tape.gradient(loss, student.trainable_variables)
    terms, _, gradients = distiller.losses_and_gradients(x, y, weight)
    assert list(terms) == ["student_loss"]
    assert_close(gradients, [tf.convert_to_tensor(gradient) for gradient in expected])
    with pytest.raises(InputError, match="there is no teacher"):
        Distiller(None, student)


def test_scores_are_distilled_too(batch):
    x, y, weight = batch
    teacher, student = bert(layers=2, num_classes=1, seed=1), fresh(num_classes=1)
    scores = tf.cast(y, tf.float32) * 2.5 - 1
    methods = [METHODS[name] for name in ("mixup", "augpro_mix", "augpro_fgsm")]
    terms, logits, _ = eager(teacher, student, methods=methods).losses_and_gradients(
        x, scores, weight
    )
    found = values_of(terms)
    tokens = read_inputs(x).student
    theirs, ours = (classified(model, tokens).numpy()[:, 0] for model in (teacher, student))
    assert logits.shape == (16, 1)
    assert found["student_loss"] == pytest.approx((ours - scores.numpy()) ** 2, rel=1e-4)
    assert found["distillation_loss"] == pytest.approx((ours - theirs) ** 2, rel=1e-3, abs=1e-6)
    other = [i // 8 * 8 + (i + 1) % 8 for i in range(16)]
    split = SplitClassifier(student)
    hidden = Hidden(mixed_by_hand(split, x, other, 0.3), *laid_over(x, other)[1:])
    mixed = 0.3 * scores.numpy() + 0.7 * scores.numpy()[other]
    expected = (split.logits(hidden).numpy()[:, 0] - mixed) ** 2
    assert found["mixup_student_loss"] == pytest.approx(expected, rel=1e-4)
    assert found.keys() >= {"augpro_mix_distillation_loss", "augpro_fgsm_distillation_loss"}


# Two vocabularies.


@pytest.fixture(scope="module")
def two_vocabularies():
    """A DistilBERT whose teacher is a BERT with the words in another order, and their data."""
    teacher = SplitClassifier(bert(layers=2, seed=1, words=[*WORDS[:7], *WORDS[:6:-1]]))
    student = distil_bert(layers=1, seed=2)
    data = training_batches(
        sentiment(16),
        student.preprocessor,
        16,
        LENGTH,
        teacher=teacher.classifier.preprocessor,
    )
    return teacher, student, next(iter(data))


def test_each_model_reads_its_own_tokens(two_vocabularies):
    teacher, student, (x, y, weight) = two_vocabularies
    distiller = eager(teacher, student, methods=[METHODS["fgsm"]])
    terms, logits, _ = distiller.losses_and_gradients(x, y, weight)
    inputs = read_inputs(x)
    theirs = classified(teacher.classifier, inputs.teacher).numpy()
    ours = classified(student, inputs.student).numpy()
    assert logits.numpy() == pytest.approx(ours, abs=1e-5)
    found = values_of(terms)
    assert found["distillation_loss"] == pytest.approx(((ours - theirs) ** 2).mean(-1), rel=1e-3)
    assert not np.allclose(found["fgsm_distillation_loss"], found["distillation_loss"])


def test_data_in_the_students_tokens_alone_are_refused(two_vocabularies):
    teacher, student, (x, y, weight) = two_vocabularies
    alone = {name: part for name, part in x.items() if name != "teacher"}
    distiller = Distiller(teacher, student)
    distiller.compile("sgd")
    for run in (distiller.train_on_batch, distiller.test_on_batch):
        with pytest.raises(InputError, match="student's tokens alone: give training_batches"):
            run(alone, y, weight)


@pytest.mark.parametrize("name", ["mixup", "augpro_mix", "augpro_fgsm"])
def test_methods_that_need_one_vocabulary_are_refused(two_vocabularies, name):
    teacher, student, _ = two_vocabularies
    with pytest.raises(InputError, match=f"^{name} needs .* one vocabulary, because "):
        Distiller(teacher, student, augmentations=[METHODS[name]])


def test_data_without_draws_are_refused_in_a_sentence(master, batch):
    x, y, weight = batch
    distiller = Distiller(master, fresh(), augmentations=[METHODS["mixkd"]])
    distiller.compile("sgd")
    without = {name: part for name, part in x.items() if name != "draws"}
    with pytest.raises(InputError, match=r"^mixkd draws its weight in the input pipeline"):
        distiller.train_on_batch(without, y, weight)


def test_a_student_that_is_partly_frozen_is_partly_trained(master, batch):
    student = fresh()
    student.backbone.token_embedding.trainable = False
    distiller = eager(master, student, methods=[METHODS["augpro_fgsm"], METHODS["mixup"]])
    before = {weight.path: weight.numpy() for weight in student.weights}
    distiller.train_on_batch(*batch)
    moved = {w.path for w in student.weights if not np.array_equal(before[w.path], w.numpy())}
    assert not any("token_embedding" in path for path in moved)
    assert any("logits" in path for path in moved)


def test_texts_are_read_as_examples_give_them(master):
    pair = Examples(
        ["good film"] * 8, ["bad"] * 8, np.zeros(8, np.int32), list("01234567"), ("a", "b")
    )
    student = fresh()
    data = training_batches(pair, student.preprocessor, 8, LENGTH, [METHODS["augpro_mix"]])
    x, y, weight = next(iter(data))
    assert x["segment_ids"].numpy().max() == 1
    distiller = eager(master, student, methods=[METHODS["augpro_mix"]])
    terms, _, _ = distiller.losses_and_gradients(x, y, weight)
    found = values_of(terms)
    # Every text is its own partner: nothing changes, and the loss is the clean one.
    assert not found["augpro_mix_degree"].any()
    assert found["augpro_mix_distillation_loss"] == pytest.approx(
        found["distillation_loss"], rel=1e-4, abs=1e-6
    )
