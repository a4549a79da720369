import numpy as np
import pytest
from conftest import LENGTH, bert, classified, command, complaint, eight, sentiment, write_yaml
from scipy.special import log_softmax, softmax

from tfaugkd.augment.augpro import augpro_mix
from tfaugkd.augment.mixup import MixUp
from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import DeepDistillation, Objective
from tfaugkd.data.batches import evaluation_batches, training_batches
from tfaugkd.data.examples import Examples
from tfaugkd.data.files import write_rows
from tfaugkd.data.teacher_file import logits_of, read_teacher_logits
from tfaugkd.distiller import Distiller
from tfaugkd.errors import InputError
from tfaugkd.prediction import prediction_rows

NAMES = ("negative", "positive")
TEXTS = Examples(["a", "b"], None, np.array([0, 1], np.int32), ["7", "3"], NAMES)
SOFT = Objective(hard=0.0, soft=1.0, distance="kl", temperature=2.0)


def refusal(path, examples=TEXTS):
    with pytest.raises(InputError) as refused:
        read_teacher_logits(path, examples)
    return str(refused.value)


def test_logits_are_logarithms_less_their_mean():
    # ln 0.8 - ln 0.2 = ln 4, half of it on either side of 0.
    found = logits_of(np.array([[0.8, 0.2], [0.5, 0.5]]))
    assert found.tolist() == [pytest.approx([0.693147, -0.693147]), [0.0, 0.0]]
    assert found.dtype == np.float32
    shares = np.array([[0.7, 0.2, 0.1], [1 / 3, 1 / 3, 1 / 3]])
    np.testing.assert_allclose(softmax(logits_of(shares), -1), shares, atol=1e-6)


def test_a_probability_of_zero_counts_as_a_millionth():
    # ln 1e6 = 13.815511.
    assert logits_of(np.array([[1.0, 0.0]]))[0] == pytest.approx([6.907755, -6.907755], abs=1e-5)


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
@pytest.mark.parametrize("prefix", ["", "probability_"])
def test_rows_are_found_by_id_and_columns_by_label(tmp_path, ending, prefix):
    rows = [
        {"id": 3, f"{prefix}positive": 0.8, f"{prefix}negative": 0.2, "prediction": "positive"},
        {"id": 5, f"{prefix}positive": 0.1, f"{prefix}negative": 0.9, "prediction": "negative"},
        {"id": 7, f"{prefix}positive": 0.5, f"{prefix}negative": 0.5, "prediction": "negative"},
    ]
    write_rows(tmp_path / f"a.{ending}", rows)
    found = read_teacher_logits(tmp_path / f"a.{ending}", TEXTS)
    assert found[0].tolist() == [0.0, 0.0]
    assert found[1] == pytest.approx([-0.693147, 0.693147], abs=1e-6)


def test_what_predict_writes_is_read(tmp_path):
    logits = np.array([[2.0, -1.0], [0.5, 0.25]])
    write_rows(tmp_path / "a.csv", prediction_rows(TEXTS, logits, NAMES))
    found = read_teacher_logits(tmp_path / "a.csv", TEXTS)
    assert found == pytest.approx(logits - logits.mean(-1, keepdims=True), abs=1e-4)


@pytest.mark.parametrize("name", ["score", "prediction"])
def test_scores_are_taken_as_they_are(tmp_path, name):
    (tmp_path / "a.csv").write_text(f"id,{name}\n3,-2.5\n7,4\n")
    texts = Examples(["a", "b"], None, np.array([1.0, 2.0], np.float32), ["7", "3"], ())
    assert read_teacher_logits(tmp_path / "a.csv", texts).tolist() == [[4.0], [-2.5]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,negative,positive\n7,0.5,0.5\n", "has no row for 1 of the 2 training examples; the "),
        ("id,negative,positive\n7,0.5,0.5\n", "first of them has the id '3'."),
        ("id,negative\n7,1\n", "has no column 'positive' (or 'probability_positive')."),
        ("name,negative,positive\n7,1,0\n", "Unknown column of "),
        ("id,negative,positive\n7,1,0\n7,1,0\n", ", line 3: the id '7' stands there twice."),
        (
            "id,negative,positive\n7,1,0\n3,2,-1\n",
            ", line 3: 'negative' is '2', but must be a prob",
        ),
        (
            "id,negative,positive\n7,1,0\n3,x,1\n",
            "'negative' is 'x', but must be a probability from",
        ),
        ("id,negative,positive\n7,1,0\n3,nan,1\n", ", line 3: 'negative' is 'nan', but must be"),
        ("id,negative,positive\n7,1,0\n3,,1\n", ", line 3: the column 'negative' is empty."),
        (
            "id,negative,positive\n7,1,0\n3,0.7,0.2\n",
            "line 3: the probabilities add up to 0.9, but",
        ),
    ],
)
def test_what_cannot_be_used_is_said_in_a_line(tmp_path, content, message):
    path = tmp_path / "a.csv"
    path.write_text(content)
    found = refusal(path)
    assert message in found
    assert str(path) in found


def test_a_score_is_asked_for_and_must_be_finite(tmp_path):
    texts = Examples(["a"], None, np.array([1.0], np.float32), ["7"], ())
    (tmp_path / "a.csv").write_text("id,positive\n7,1\n")
    assert refusal(tmp_path / "a.csv", texts).endswith("no column 'score' (or 'prediction').")
    (tmp_path / "b.csv").write_text("id,score\n7,inf\n")
    assert refusal(tmp_path / "b.csv", texts).endswith("is 'inf', but must be a finite number.")


# In the step.


def test_stored_logits_give_the_gradients_of_the_teacher_that_gave_them(teacher):
    examples = sentiment(16)
    stored = np.concatenate(
        [classified(teacher.classifier, eight(examples, teacher, start)) for start in (0, 8)]
    )
    found = []
    for own in (None, stored):
        student = SplitClassifier(bert(layers=1, seed=5))
        data = training_batches(
            examples, student.classifier.preprocessor, 16, LENGTH, teacher_logits=own
        )
        options = {"stored_logits": True} if own is not None else {}
        distiller = Distiller(teacher if own is None else None, student, SOFT, **options)
        distiller.compile("sgd", jit_compile=own is not None)
        terms, _, gradients = distiller.losses_and_gradients(*next(iter(data)))
        found.append([terms["distillation_loss"].values, *gradients])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_the_loss_is_the_divergence_from_the_probabilities(student):
    examples = sentiment(8)
    shares = np.linspace(0.1, 0.9, 8)
    shares = np.stack([shares, 1 - shares], axis=1)
    distiller = Distiller(None, student, Objective(soft=1.0, distance="kl"), stored_logits=True)
    distiller.compile("sgd", run_eagerly=True)
    data = evaluation_batches(
        examples, student.classifier.preprocessor, 8, LENGTH, teacher_logits=logits_of(shares)
    )
    own = log_softmax(classified(student.classifier, eight(examples, student)), -1)
    by_hand = (shares * (np.log(shares) - own)).sum(-1).mean()
    assert distiller.evaluate(data, verbose=0, return_dict=True)[
        "distillation_loss"
    ] == pytest.approx(by_hand, rel=1e-4)


def test_a_teacher_beside_stored_logits_labels_what_is_made_up(teacher, student):
    examples, method = sentiment(8), MixUp(hard=0.0)
    stored = np.zeros((8, 2))
    distiller = Distiller(teacher, student, Objective(hard=0.0), [method], stored_logits=True)
    distiller.compile("sgd", run_eagerly=True)
    data = training_batches(
        examples, student.classifier.preprocessor, 8, LENGTH, [method], teacher_logits=stored
    )
    batch = next(iter(data))
    terms, logits, _ = distiller.losses_and_gradients(*batch)
    squares = (logits.numpy() ** 2).mean(-1)
    np.testing.assert_allclose(terms["distillation_loss"].values, squares, rtol=1e-5)
    plainly = Distiller(teacher, student, Objective(hard=0.0), [method])
    plainly.compile("sgd", run_eagerly=True)
    expected, _, _ = plainly.losses_and_gradients(*batch)
    np.testing.assert_allclose(
        terms["mixup_distillation_loss"].values, expected["mixup_distillation_loss"].values
    )


def test_states_are_the_teachers_where_logits_are_stored(teacher):
    deep = Objective(hard=0.0, deep=DeepDistillation(hidden=1.0))
    found = []
    for options in ({}, {"stored_logits": True}):
        distiller = Distiller(teacher, bert(layers=1, seed=5), deep, **options)
        distiller.compile("sgd", run_eagerly=True)
        own = distiller.student.classifier.preprocessor
        data = training_batches(sentiment(8), own, 8, LENGTH, teacher_logits=np.zeros((8, 2)))
        terms, logits, _ = distiller.losses_and_gradients(*next(iter(data)))
        found.append({name: term.values.numpy() for name, term in terms.items()})
    np.testing.assert_allclose(found[1]["hidden_loss"], found[0]["hidden_loss"])
    assert found[1]["distillation_loss"] == pytest.approx((logits.numpy() ** 2).mean(-1), rel=1e-5)
    with pytest.raises(InputError, match=r"loss.deep has a weight, but there is no teacher"):
        Distiller(None, bert(layers=1), deep, stored_logits=True)


def test_data_that_do_not_hold_what_is_to_be_read_are_refused(student):
    examples, own = sentiment(8), student.classifier.preprocessor
    distiller = Distiller(None, student, SOFT, stored_logits=True)
    distiller.compile("sgd", run_eagerly=True)
    with pytest.raises(InputError, match="give training_batches and evaluation_batches teacher_lo"):
        distiller.losses_and_gradients(*next(iter(training_batches(examples, own, 8, LENGTH))))
    three = training_batches(examples, own, 8, LENGTH, teacher_logits=np.zeros((8, 3)))
    with pytest.raises(InputError, match="teacher_logits have 3 classes, but the student has 2"):
        distiller.losses_and_gradients(*next(iter(three)))
    with pytest.raises(InputError, match="teacher_logits has 7 rows, but there are 8 texts"):
        training_batches(examples, own, 8, LENGTH, teacher_logits=np.zeros((7, 2)))
    with pytest.raises(
        InputError, match=r"'augpro_mix' needs a teacher, but there is none: a file"
    ):
        Distiller(None, student, SOFT, [augpro_mix()], stored_logits=True)


# From the command line.


def answers(path, data, flip=False):
    """Writes what a teacher that is nearly always right answers to the training texts."""
    labels = sentiment(160, 0).labels ^ int(flip)
    rows = [
        {"id": row, "positive": share, "negative": 1 - share}
        for row, share in enumerate(np.where(labels == 1, 0.875, 0.125))
    ]
    write_rows(path, rows)
    return path


@pytest.fixture
def options(data, preset, tmp_path):
    return write_yaml(
        tmp_path / "a.yaml",
        data=data,
        teacher="nowhere",
        teacher_file=str(tmp_path / "answers.csv"),
        student={"preset": preset},
        loss={"hard": 0.0, "soft": 1.0, "distance": "kl"},
        train={"steps": 100, "batch_size": 8, "learning_rate": 0.01, "jit_compile": False},
        output=str(tmp_path / "output"),
    )


def test_a_student_learns_from_a_file_alone(options, data, tmp_path):
    path = answers(tmp_path / "answers.csv", data)
    status, out, err = command("distill", *options)
    assert status == 0, err
    assert float(out.split("dev: ")[1].split()[0]) > 0.9
    card = (tmp_path / "output" / "model" / "README.md").read_text()
    assert f"**Teacher:** {path}\n" in card


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (["--augment", "[{name: augpro_mix}]"], "'augpro_mix' needs a teacher, but there is none"),
        (["--student", "{layers: 1}"], "student.layers takes what is a teacher's, but there is no"),
        (["--teacher_dropout"], "teacher_dropout is True, but must be false with teacher_file"),
        (["--teacher_file", "nowhere.csv"], "There is no file nowhere.csv."),
    ],
)
def test_what_a_file_cannot_do_is_refused(changed, message, options, data, tmp_path):
    answers(tmp_path / "answers.csv", data)
    if changed[0] == "--student":
        changed = ["--student.layers", "1", "--student.preset", "null"]
    assert message in complaint("distill", *options, *changed)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yaml", "answers.csv"]


def test_a_file_of_wrong_answers_is_refused(options, data, tmp_path):
    answers(tmp_path / "answers.csv", data, flip=True)
    assert "The teacher's accuracy on 160 examples is 0.000" in complaint("distill", *options)
