"""The optimizer, its linear warm-up, linear decay and clipped gradient, as BERT is fine-tuned."""

from functools import partial
from typing import Any

import keras
import tensorflow as tf

from tfaugkd.classifier import SplitClassifier
from tfaugkd.train_config import TrainConfig


@keras.saving.register_keras_serializable("tfaugkd")
class WarmupLinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Raises the learning rate in a line from zero, then lowers it in a line to zero, or keeps it.

    Args:
        learning_rate: The highest value.
        steps: Updates in all.
        warmup_steps: Updates until the highest value is reached.
        decay: "linear" or "none".
    """

    def __init__(
        self, learning_rate: float, steps: int, warmup_steps: int, decay: str = "linear"
    ) -> None:
        self.learning_rate = learning_rate
        self.steps = steps
        self.warmup_steps = warmup_steps
        self.decay = decay

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Gives the learning rate of update number `step`, from 0."""
        done = tf.cast(step, tf.float32) + 1.0
        rising = done / max(1, self.warmup_steps)
        falling = (self.steps + 1 - done) / max(1, self.steps + 1 - self.warmup_steps)
        if self.decay == "none":
            falling = tf.ones_like(done)
        return self.learning_rate * tf.clip_by_value(tf.minimum(rising, falling), 0.0, 1.0)

    def get_config(self) -> dict[str, float | int | str]:
        """Gives the constructor's arguments."""
        return {
            "learning_rate": self.learning_rate,
            "steps": self.steps,
            "warmup_steps": self.warmup_steps,
            "decay": self.decay,
        }


def build_optimizer(config: TrainConfig) -> keras.optimizers.Optimizer:
    """Builds the optimizer that a configuration describes.

    Args:
        config: The optimisation.

    Returns:
        AdamW, Adafactor or SGD; biases and layer norms are not decayed.
    """
    warmup_steps = round(config.warmup * config.steps)
    schedule = WarmupLinearDecay(config.learning_rate, config.steps, warmup_steps, config.decay)
    kinds = {
        "adamw": keras.optimizers.AdamW,
        "adafactor": keras.optimizers.Adafactor,
        "sgd": partial(keras.optimizers.SGD, momentum=0.9),
    }
    optimizer = kinds[config.optimizer](
        schedule,
        weight_decay=config.weight_decay,
        global_clipnorm=config.clip_norm or None,
    )
    # T5 calls the scale of its layer norms a weight; what is searched is a path that ends in ":0".
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma", r"/weight\b"])
    return optimizer


def takes_sums(optimizer: keras.optimizers.Optimizer) -> None:
    """Tells an optimizer that gradients are summed over all replicas before it is given them.

    By itself it clips each replica's gradient, and sums them then: two replicas would not go the
    way of one.

    Args:
        optimizer: The optimizer; it is changed.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    inner._all_reduce_sum_gradients = list


def scaling(optimizer: Any, student: SplitClassifier) -> keras.optimizers.Optimizer:
    """Has the losses scaled where the student computes in float16, whose small gradients vanish.

    Args:
        optimizer: A Keras optimizer or its name.
        student: The student.

    Returns:
        The optimizer, in a `LossScaleOptimizer` if it must be. That leaves a step out where a
        gradient overflows, and halves the scale.
    """
    optimizer = keras.optimizers.get(optimizer)
    in_float16 = student.classifier.backbone.compute_dtype == "float16"
    if not in_float16 or isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)
