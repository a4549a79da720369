"""AdamW with linear warm-up, linear decay and a clipped gradient, as BERT is fine-tuned."""

import keras
import tensorflow as tf

from tfaugkd.config import TrainConfig


@keras.saving.register_keras_serializable("tfaugkd")
class WarmupLinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Raises the learning rate in a line from zero, then lowers it in a line to zero.

    Args:
        learning_rate: The highest value.
        steps: Updates in all.
        warmup_steps: Updates until the highest value is reached.
    """

    def __init__(self, learning_rate: float, steps: int, warmup_steps: int) -> None:
        self.learning_rate = learning_rate
        self.steps = steps
        self.warmup_steps = warmup_steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Gives the learning rate of update number `step`, from 0."""
        done = tf.cast(step, tf.float32) + 1.0
        rising = done / max(1, self.warmup_steps)
        falling = (self.steps + 1 - done) / max(1, self.steps + 1 - self.warmup_steps)
        return self.learning_rate * tf.clip_by_value(tf.minimum(rising, falling), 0.0, 1.0)

    def get_config(self) -> dict[str, float | int]:
        """Gives the constructor's arguments."""
        return {
            "learning_rate": self.learning_rate,
            "steps": self.steps,
            "warmup_steps": self.warmup_steps,
        }


def build_optimizer(config: TrainConfig) -> keras.optimizers.Optimizer:
    """Builds the optimizer that a configuration describes.

    Args:
        config: The optimisation.

    Returns:
        AdamW; biases and layer norms are not decayed.
    """
    schedule = WarmupLinearDecay(
        config.learning_rate, config.steps, round(config.warmup * config.steps)
    )
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=config.weight_decay,
        global_clipnorm=config.clip_norm or None,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    return optimizer
