import keras
import keras_tuner
import numpy as np
import pytest

from tfaugkd import DistillationHyperModel
from tfaugkd.config import StudentConfig
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError
from tfaugkd.job_configs import DistillConfig
from tfaugkd.train_config import TrainConfig

SPACE = [
    {"key": "student.layers", "choice": [1, 2]},
    {"key": "loss.soft", "float": [0.5, 2.0]},
]
ACCURACY = keras_tuner.Objective("accuracy", "max")


@pytest.fixture(scope="module")
def config(data, teacher_output):
    train = TrainConfig(steps=6, batch_size=8, learning_rate=0.01, jit_compile=False)
    return DistillConfig(
        DataConfig(**data), str(teacher_output), student=StudentConfig(layers=1), train=train
    )


@pytest.fixture(scope="module")
def tuner(config, tmp_path_factory):
    """A search by a tuner of somebody's own, with their TensorBoard."""
    folder = tmp_path_factory.mktemp("search")
    model = DistillationHyperModel(config, SPACE, logs=folder / "logs")
    tuner = keras_tuner.RandomSearch(
        model, ACCURACY, max_trials=2, seed=1, directory=folder, project_name="mine"
    )
    tuner.search(callbacks=[keras.callbacks.TensorBoard(folder / "board")], verbose=0)
    return tuner


def test_a_search_scores_students(tuner):
    trials = tuner.oracle.get_best_trials(2)
    assert [trial.status for trial in trials] == ["COMPLETED"] * 2
    assert trials[0].score >= trials[1].score > 0.4
    assert {"accuracy", "loss"} <= set(trials[0].metrics.metrics)


def test_the_best_models_are_students_with_their_trained_weights(tuner, config):
    (student,) = tuner.get_best_models()
    hp = tuner.get_best_hyperparameters()[0]
    told = tuner.hypermodel.configured(hp)
    assert len(student.backbone.transformer_layers) == told.student.layers
    assert told.loss.soft == pytest.approx(hp["loss.soft"], rel=1e-3)
    fresh = tuner.hypermodel.build(hp)
    assert any(
        not np.array_equal(one, other)
        for one, other in zip(student.get_weights(), fresh.get_weights(), strict=True)
    )


def test_the_tuners_own_hparams_page_has_the_trials(tuner):
    events = list((tuner.hypermodel.logs.parent / "board").rglob("events.*"))
    assert len({path.parents[1] for path in events}) >= 2


def test_equal_hyperparameters_give_equal_students(tuner):
    hp = tuner.get_best_hyperparameters()[0]
    one, other = (tuner.hypermodel.build(hp).get_weights() for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_hyperband_needs_to_know_how_long_a_whole_training_is(config):
    hp = keras_tuner.HyperParameters()
    hp.values = {"tuner/epochs": 3}
    with pytest.raises(InputError, match="Hyperband needs max_epochs"):
        DistillationHyperModel(config, SPACE).configured(hp)
    assert DistillationHyperModel(config, SPACE, max_epochs=9).configured(hp).train.steps == 2


def test_a_teacher_that_cannot_be_asked(config):
    told = DistillConfig(config.data, teacher_file="answers.csv", student=config.student)
    with pytest.raises(InputError, match=r"teacher_file is 'answers.csv', but a HyperModel asks"):
        DistillationHyperModel(told, SPACE)
