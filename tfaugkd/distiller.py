"""The distiller: a `keras.Model` whose training step is Algorithm 1 of AugPro."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import keras
import keras_hub
import tensorflow as tf

from tfaugkd.augment.method import Augmentation, Batch, Draws, Prepares, Views
from tfaugkd.calibration import calibrated
from tfaugkd.classifier import SplitClassifier
from tfaugkd.compatibility import check_distillation
from tfaugkd.config import Objective, require
from tfaugkd.data.inputs import read_inputs
from tfaugkd.divergence import apply_if_finite, counted_if, marked
from tfaugkd.dropout import use_hash_dropout
from tfaugkd.exact_resume import resume_among
from tfaugkd.length_buckets import in_buckets
from tfaugkd.loss_terms import Terms, term_names, weighted_sum
from tfaugkd.losses import has_label, label_targets
from tfaugkd.optimizer import scaling, takes_sums
from tfaugkd.replicas import summed_over_replicas
from tfaugkd.replicated_model import ReplicatedModel
from tfaugkd.step import Step


class Distiller(ReplicatedModel):
    """Trains a student to match labels and teacher, on clean and on augmented text.

    Only the student is trained, saved and counted among the weights. The data are tuples
    `(x, y)` or `(x, y, sample_weight)` as `tfaugkd.training_batches` makes them: `x` is what a
    KerasHub preprocessor gives, with the augmentations' draws beside it.

    Args:
        teacher: The trained teacher, a KerasHub `TextClassifier` or a `SplitClassifier`; None to
            fine-tune the student on labels alone.
        student: The student, of the same kinds.
        losses: The loss on clean text; labels and teacher with weight 1 each if not given.
        augmentations: What is made up in each step; their losses are added (AugPro, Section 4.1).
        teacher_dropout: Whether the teacher's dropout is on (AugPro, Appendix C.1).
        stored_logits: The data hold the teacher's logits of the clean text, under `teacher_logits`:
            they are read in place of asking the teacher, which may then be None if nothing
            augments.

    Raises:
        InputError: Without a teacher where one is needed; different numbers of classes, or
            different vocabularies where an augmentation needs one.
    """

    def __init__(
        self,
        teacher: keras_hub.models.TextClassifier | SplitClassifier | None,
        student: keras_hub.models.TextClassifier | SplitClassifier,
        losses: Objective | None = None,
        augmentations: Sequence[Augmentation] = (),
        teacher_dropout: bool = False,
        stored_logits: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.objective = losses or Objective()
        # Keras follows layers, not the parts that hold them: the student's classifier is trained
        # and saved with this model, and the teacher's is not.
        self.teacher = None if teacher is None else _split(teacher)
        self.student = _split(student)
        self.student_classifier = self.student.classifier
        check_distillation(self.teacher, self.student, self.objective, augmentations, stored_logits)
        for model in (self.student, self.teacher):
            if model is not None:
                use_hash_dropout(model.classifier)
        prepared = [_prepared(method, self.teacher) for method in augmentations]
        parts = (self.teacher, self.student, self.objective, prepared)
        self.step = Step(*parts, teacher_dropout, stored_logits)
        # Tracked by Keras, trained along, and left behind when the student is saved.
        self.deep_projections = [] if self.step.deep is None else self.step.deep.projections
        names = term_names(self.objective, self.augmentations)
        self.loss_tracker = keras.metrics.Mean("loss")
        self.term_trackers = [keras.metrics.Mean(name) for name in names]
        self.built = True

    def compile(
        self,
        optimizer: Any = "adamw",
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        jit_compile: bool = True,
        steps_per_execution: int = 1,
        length_buckets: Sequence[int] = (),
        on_nan: Literal["stop", "skip"] = "stop",
    ) -> None:
        """Configures training, as `keras.Model.compile` does; the losses are the distiller's own.

        Args:
            optimizer: A Keras optimizer or its name. It is the distiller's alone from now on, which
                sums the gradients of all replicas before the optimizer clips them.
            metrics: Keras metrics of labels and the student's logits.
            weighted_metrics: The same, weighted by `sample_weight`, and by 0 where the label is
                withheld.
            run_eagerly: Run the step operation by operation, to look into it.
            jit_compile: Compile losses and gradients with XLA. It is they that are compiled, not
                all of Keras' step, so that it works inside each replica of a strategy.
            steps_per_execution: Steps between two returns to Python.
            length_buckets: Lengths in rising order to which batches are cut where all of their
                texts fit; see `training_batches`' `length_window`.
            on_nan: "skip" leaves a step out where the loss or a gradient is not a finite number:
                nothing is updated, and the term is nan in the logs of that step alone. "stop" does
                nothing about it, which costs nothing: a callback is to stop the run.

        Raises:
            InputError: The lengths do not rise; on_nan is "skip" on several replicas, or with
                several steps between two returns to Python.
        """
        super().compile(
            optimizer=scaling(optimizer, self.student),
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            run_eagerly=run_eagerly,
            jit_compile=False,
            steps_per_execution=steps_per_execution,
            # Keras would go by the policy of this model, which computes nothing.
            auto_scale_loss=False,
        )
        self.optimizer.build(self.step.learned)
        takes_sums(self.optimizer)
        self.step.scale_loss = self.optimizer.scale_loss
        self.skips_nan = on_nan == "skip"
        if self.skips_nan:
            self._require_each_step_seen(steps_per_execution)
        self.losses_and_gradients = in_buckets(self.step.losses_and_gradients, length_buckets)
        self.losses_and_logits = self.step.losses_and_logits
        self.update = self._update
        if not run_eagerly:
            self._compile_functions(jit_compile)

    def _require_each_step_seen(self, steps_per_execution: int) -> None:
        replicas = self.distribute_strategy.num_replicas_in_sync
        # Each knows of its own part of the gradient alone.
        require(replicas == 1, "on_nan", "skip", f"'stop' on {replicas} replicas")
        # Of several steps only the last one is logged, and the callback must see each.
        together = f"'stop' with steps_per_execution {steps_per_execution}"
        require(steps_per_execution == 1, "on_nan", "skip", together)

    def _compile_functions(self, jit_compile: bool) -> None:
        # AutoGraph, which nothing here needs, would rewrite errors that people are to read.
        compiled = partial(tf.function, autograph=False, jit_compile=jit_compile)
        self.losses_and_gradients = compiled(self.losses_and_gradients)
        self.losses_and_logits = compiled(self.losses_and_logits)
        if self.distribute_strategy.num_replicas_in_sync == 1:
            # Several replicas sum their gradients in it, which no inner function can hold.
            self.update = compiled(self.update)

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Trains, as `keras.Model.fit` does, after setting every epsilon that is "auto".

        Args:
            x: The data, a `tf.data.Dataset`; see the class.
            *args: As for `keras.Model.fit`.
            **kwargs: As for `keras.Model.fit`. With an `ExactResume` among the callbacks, it goes
                on from the newest checkpoint.

        Returns:
            Keras' history.
        """
        self.calibrate(x)
        # Shuffling is the dataset's; Keras would warn that it does not.
        kwargs = {"shuffle": False} | kwargs
        if resume := resume_among(kwargs.get("callbacks")):
            return resume.run(super().fit, self, x, *args, **kwargs)
        return super().fit(x, *args, **kwargs)

    def calibrate(self, dataset: tf.data.Dataset) -> None:
        """Sets every epsilon that is "auto" by the first batches of the training data.

        Args:
            dataset: The data, as for `fit`, which does this by itself.
        """
        self.step.augmentations = calibrated(self, dataset)

    @property
    def augmentations(self) -> tuple[Augmentation, ...]:
        """What is made up in each step."""
        return self.step.augmentations

    def call(self, x: dict[str, Any], training: bool = False) -> tf.Tensor:
        """Gives the student's logits `[B, C]` for inputs as `fit` takes them."""
        return self.student.logits(read_inputs(x).student, training)

    def clean_batch(self, x: dict[str, Any], y: tf.Tensor) -> tuple[Batch, dict[str, Draws]]:
        """Gives what an augmentation is called with for one batch of data, and every draw in it."""
        batch, *_ = self.step.clean_pass(x, y, None)
        return batch, read_inputs(x).draws

    def augment(self, method: Augmentation, batch: Batch, draws: dict[str, Draws]) -> Views:
        """Gives the views that one of the augmentations makes of a batch."""
        return self.step.augment(method, batch, draws)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Updates the student on one batch."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        terms, logits, gradients = self.losses_and_gradients(x, y, sample_weight)
        if not self.skips_nan:
            self.update(gradients)
            return self._track(terms, x, y, logits, sample_weight)
        before = tf.identity(self.optimizer.iterations.value)
        self.update(gradients)
        updated = self.optimizer.iterations.value > before
        counted, logits, weight = counted_if(updated, terms, logits, sample_weight)
        return marked(self._track(counted, x, y, logits, weight), terms, updated)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Scores the student on one batch of clean text."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        terms, logits = self.losses_and_logits(x, y)
        return self._track(terms, x, y, logits, sample_weight)

    def _update(self, gradients: list[tf.Tensor]) -> None:
        gradients = summed_over_replicas(gradients)
        # An optimizer that scales losses leaves such steps out by itself, and halves the scale.
        scales = isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer)
        if self.skips_nan and not scales:
            apply_if_finite(self.optimizer, gradients, self.step.learned)
        else:
            self.optimizer.apply(gradients, self.step.learned)

    def _track(
        self,
        terms: Terms,
        x: Any,
        y: tf.Tensor,
        logits: tf.Tensor,
        sample_weight: tf.Tensor | None,
    ) -> dict[str, tf.Tensor]:
        """Updates the metrics and gives those that this step has moved."""
        self.loss_tracker.update_state(weighted_sum(terms, logits), sample_weight)
        moved = {"loss": self.loss_tracker.result()}
        for tracker in self.term_trackers:
            if tracker.name in terms:
                tracker.update_state(terms[tracker.name].values, sample_weight)
                moved[tracker.name] = tracker.result()
        own = {self.loss_tracker.name, *(tracker.name for tracker in self.term_trackers)}
        labelled = tf.cast(has_label(label_targets(y, self.student.num_classes)), tf.float32)
        of_labels = labelled if sample_weight is None else labelled * sample_weight
        scores = self.compute_metrics(x, y, logits, of_labels)
        return moved | {name: score for name, score in scores.items() if name not in own}

    @property
    def metrics(self) -> list[Any]:
        """The distiller's own metrics and those given to `compile`, without Keras' unused loss."""
        return [metric for metric in super().metrics if metric is not self._loss_tracker]

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Saves the student, which is what `ModelCheckpoint` means to keep.

        Args:
            filepath: A path that ends in `.keras`.
            *args: As for `keras.Model.save`.
            **kwargs: As for `keras.Model.save`.
        """
        self.student_classifier.save(filepath, *args, **kwargs)


def _split(model: keras_hub.models.TextClassifier | SplitClassifier) -> SplitClassifier:
    return model if isinstance(model, SplitClassifier) else SplitClassifier(model)


def _prepared(method: Augmentation, teacher: SplitClassifier | None) -> Augmentation:
    return method.prepared(teacher) if teacher and isinstance(method, Prepares) else method
