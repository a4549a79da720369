"""What TensorBoard shows of a run beside scalars, as Keras callbacks for any `Distiller.fit`."""

from tfaugkd.tensorboard.augmented_examples import AugmentedExamples
from tfaugkd.tensorboard.confusion import ConfusionMatrix
from tfaugkd.tensorboard.hyperparameters import Hyperparameters
from tfaugkd.tensorboard.projector import StateProjector

__all__ = ["AugmentedExamples", "ConfusionMatrix", "Hyperparameters", "StateProjector"]
