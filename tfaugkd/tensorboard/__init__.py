"""What TensorBoard shows of a run, as Keras callbacks for any `Distiller.fit`."""

from tfaugkd.tensorboard.augmented_examples import AugmentedExamples
from tfaugkd.tensorboard.confusion import ConfusionMatrix
from tfaugkd.tensorboard.hyperparameters import Hyperparameters
from tfaugkd.tensorboard.projector import StateProjector
from tfaugkd.tensorboard.scalars import Scalars

__all__ = [
    "AugmentedExamples",
    "ConfusionMatrix",
    "Hyperparameters",
    "Scalars",
    "StateProjector",
]
