"""Distillation as a Keras Tuner HyperModel, for people with a tuner of their own."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import keras_tuner

from tfaugkd.classifier import SplitClassifier
from tfaugkd.config import MethodConfig, Options
from tfaugkd.data_config import DataConfig
from tfaugkd.errors import InputError
from tfaugkd.job_configs import DistillConfig
from tfaugkd.jobs import read_texts_of
from tfaugkd.saved_model import load_model
from tfaugkd.scoring import score_model
from tfaugkd.student import build_student
from tfaugkd.sweep_keys import configured
from tfaugkd.sweep_space import Parameter, read_space
from tfaugkd.sweep_tuner import draw, shortened
from tfaugkd.training import train
from tfaugkd.training_texts import Texts


class DistillationHyperModel(keras_tuner.HyperModel):
    """Builds and distils the student that a tuner's hyperparameters describe.

    A tuner's models are the students alone: what it saves of a trial holds no teacher, and
    `tuner.get_best_models()` gives students. `tuner.search()` needs no data, as the configuration
    names them. Its objective is a metric of the development split, such as
    `keras_tuner.Objective("accuracy", "max")`, or any other number of a training.

    Args:
        config: What all students share. Its teacher must be there; output is not used.
        space: What varies, as in `tfaugkd sweep`: `[{"key": "loss.soft", "choice": [0.5, 1.0]}]`.
        logs: Folder for each training's TensorBoard logs and history.
        max_epochs: That of `keras_tuner.Hyperband`, whose shorter trials train for a share of the
            steps; for other tuners not needed.

    Raises:
        InputError: A space that cannot be used, or a teacher_file, whose answers cannot be asked.
    """

    def __init__(
        self,
        config: DistillConfig,
        space: Sequence[Options],
        logs: str | Path = "logs",
        max_epochs: int | None = None,
    ) -> None:
        if config.teacher_file is not None:
            raise InputError(
                f"teacher_file is {config.teacher_file!r}, but a HyperModel asks a teacher; leave "
                "it out."
            )
        self.config = config
        self.parameters: tuple[Parameter, ...] = read_space(space)
        self.logs = Path(logs)
        self.max_epochs = max_epochs
        self._texts: tuple[DataConfig, Texts] | None = None
        self._teacher: tuple[str, SplitClassifier] | None = None
        super().__init__()

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Builds the student before it is trained; equal hyperparameters give equal weights.

        Args:
            hp: Keras Tuner's hyperparameters.

        Returns:
            A KerasHub `TextClassifier`.
        """
        config = self.configured(hp)
        teacher, texts = self._teacher_of(config), self._texts_of(config)
        classes = max(1, len(texts.train.label_names))
        return build_student(teacher, config.student, classes, config.train.seed).classifier

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: keras.Model,
        *args: Any,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        **kwargs: Any,
    ) -> dict[str, float]:
        """Distils the student.

        Args:
            hp: Keras Tuner's hyperparameters.
            model: What `build` gave.
            args: Not used.
            callbacks: The tuner's, and those given to `tuner.search`.
            kwargs: Not used.

        Returns:
            The last epoch's loss terms and metrics, and the scores on the development split.
        """
        config = self.configured(hp)
        texts, student = self._texts_of(config), SplitClassifier(model)
        method = MethodConfig(config.loss, config.augment, config.teacher_dropout)
        # The tuner's saves the model in fit, which would be the teacher, too.
        saving = [one for one in callbacks if type(one).__name__ == "SaveBestEpoch"]
        others = [one for one in callbacks if one not in saving]
        teacher = self._teacher_of(config)
        # The sweep itself tells the HParams page about its trials.
        shown = replace(config.train.tensorboard, hparams=False)
        plan = replace(config.train, tensorboard=shown)
        trained = train(teacher, student, texts, method, plan, self.logs, others)
        assert texts.dev is not None, "a configuration has one"
        scored = score_model(student, texts.dev, texts.task, texts.sequence_length)
        metrics = trained.last_means | scored.scores
        for one in saving:
            one.set_model(model)
            one.on_epoch_end(0, metrics)
        return metrics

    def configured(self, hp: keras_tuner.HyperParameters) -> DistillConfig:
        """Gives the configuration that hyperparameters describe, which `tfaugkd distill` runs.

        Args:
            hp: Keras Tuner's hyperparameters, as from `tuner.get_best_hyperparameters()`.

        Returns:
            The configuration.

        Raises:
            InputError: The values are refused, or Hyperband's need max_epochs.
        """
        values = draw(self.parameters, hp)
        if epochs := hp.values.get("tuner/epochs"):
            if self.max_epochs is None:
                raise InputError("Hyperband needs max_epochs, in the HyperModel as in the tuner.")
            values |= shortened(self.config.train, epochs, self.max_epochs)
        return configured(self.config, values)

    def _texts_of(self, config: DistillConfig) -> Texts:
        if self._texts is None or self._texts[0] != config.data:
            self._texts = config.data, read_texts_of(config.data)
        return self._texts[1]

    def _teacher_of(self, config: DistillConfig) -> SplitClassifier:
        if self._teacher is None or self._teacher[0] != config.teacher:
            self._teacher = config.teacher, SplitClassifier(load_model(config.teacher)[0])
        return self._teacher[1]
