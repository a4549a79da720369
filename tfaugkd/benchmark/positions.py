"""The positions of a batch that a projection is timed on."""

from functools import cached_property

import numpy as np
import tensorflow as tf

from tfaugkd.augment.method import Batch
from tfaugkd.augment.mixup import MixUp
from tfaugkd.benchmark.config import BenchmarkConfig
from tfaugkd.benchmark.setting import Setting
from tfaugkd.certificate import Mixture
from tfaugkd.config import Objective
from tfaugkd.data.inputs import read_inputs
from tfaugkd.data.tokenisation import tokenise
from tfaugkd.losses import label_targets
from tfaugkd.projection import unit_rows

# How unequal a random table's rows are: two in three lie within a factor of e^0.5 of the median.
_SPREAD = 0.5
_SHARE = 0.5


class Positions:
    """A frozen table, and mixtures of its rows at N positions.

    Args:
        table: float32 `[V, D]`.
        producible: bool `[V]`; tokens that may be found.
        mixture: What is mixed at each position, `[N]`.
        is_text: bool `[N]`; which positions are projected.
        text_ids: int32; tokens as often as they stand in the texts.
    """

    def __init__(
        self,
        table: np.ndarray,
        producible: np.ndarray,
        mixture: Mixture,
        is_text: tf.Tensor,
        text_ids: np.ndarray,
    ) -> None:
        self.table, self.producible = table, producible
        self.mixture, self.is_text = mixture, is_text
        self.text_ids = text_ids

    @cached_property
    def queries(self) -> tf.Tensor:
        """The mixtures themselves, `[N, D]`."""
        own, other, own_share, other_share = (part.numpy() for part in self.mixture)
        mixed = own_share[:, np.newaxis] * self.table[own]
        mixed += other_share[:, np.newaxis] * self.table[other]
        return tf.constant(mixed)

    @cached_property
    def unit_table(self) -> tf.Tensor:
        """The rows at length 1, `[V, D]`."""
        return unit_rows(self.table)


def positions_of_texts(setting: Setting) -> Positions:
    """Mixes a batch of texts in the teacher's table, as AugPro-Mix does.

    Args:
        setting: Models and texts.

    Returns:
        The positions.
    """
    teacher, preprocessor = setting.teacher, setting.teacher.classifier.preprocessor
    mixup = MixUp(_SHARE)
    x, y, *_ = next(iter(setting.batches(teacher, [mixup])))
    tokens = read_inputs(x).teacher
    batch = Batch(tokens, tokens, label_targets(y, teacher.num_classes))
    made = mixup.represent(teacher, tokens, batch, {}, Objective())
    assert made.mixture is not None, "MixUp mixes"
    mixture = Mixture(*(tf.reshape(part, [-1]) for part in made.mixture))
    rows = tokenise(preprocessor, setting.examples, setting.sequence_length)["token_ids"]
    text_ids = rows[~teacher.vocabulary.special[rows]]
    table = tf.convert_to_tensor(teacher.table).numpy()
    is_text = tf.reshape(made.is_text, [-1])
    return Positions(table, teacher.vocabulary.producible, mixture, is_text, text_ids)


def random_positions(config: BenchmarkConfig) -> Positions:
    """Mixes random pairs of a random table's rows, which are of unequal length.

    Args:
        config: Has the table's size and the batch's shape.

    Returns:
        The positions; all of them are text.
    """
    random = np.random.default_rng(config.seed)
    size, width = config.size.vocabulary, config.size.width
    table = random.normal(size=(size, width)).astype(np.float32)
    table *= random.lognormal(sigma=_SPREAD, size=(size, 1)).astype(np.float32)
    count = config.batch_size * config.data.sequence_length
    own, other = random.integers(size, size=(2, count), dtype=np.int32)
    share = tf.fill([count], _SHARE)
    mixture = Mixture(tf.constant(own), tf.constant(other), share, 1 - share)
    every = np.ones(size, bool)
    return Positions(table, every, mixture, tf.ones([count], tf.bool), own)
