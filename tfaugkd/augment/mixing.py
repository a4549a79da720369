"""What mixing two texts means: who is mixed with whom, and how their positions are laid together.

Pairing is by arrangement, without a draw or a gather: inside blocks of 8 of a fully shuffled batch,
example i is mixed with example (i + rotation) mod 8. That is random, local to any replica, the
same for any number of replicas, and never symmetric, so that no mixture is made twice. A rotation
of 4 would pair i with j and j with i, so there is none.
"""

from typing import Protocol

import tensorflow as tf

from tfaugkd.augment.method import Draws, drawn
from tfaugkd.classifier import Tokens
from tfaugkd.errors import InputError

BLOCK = 8
ROTATIONS = (1, 2, 3, 5, 6, 7)
LABELS = ("mixed", "original")


class Mixes(Protocol):
    """What every method that mixes two texts has; see `MixUp`."""

    @property
    def name(self) -> str:
        """The method's name."""

    @property
    def weight(self) -> float:
        """The example's share, where it is not drawn."""

    @property
    def alpha(self) -> float | None:
        """Draws the share from Beta(alpha, alpha)."""

    @property
    def rotation(self) -> int:
        """Says who the partner is."""

    @property
    def labels(self) -> str:
        """Which labels go with a mixture."""


def check_mixing(method: Mixes) -> None:
    """Refuses options that no mixture can have.

    Args:
        method: The method.

    Raises:
        InputError: See the sentences.
    """
    name = method.name
    if not 0 <= method.weight <= 1:
        raise InputError(f"{name}.weight is {method.weight!r}, but must be from 0 to 1.")
    if method.alpha is not None and method.alpha <= 0:
        raise InputError(f"{name}.alpha is {method.alpha!r}, but must be above 0.")
    if method.rotation not in ROTATIONS:
        raise InputError(f"{name}.rotation is {method.rotation!r}, but must be one of {ROTATIONS}.")
    if method.labels not in LABELS:
        raise InputError(f"{name}.labels is {method.labels!r}, but must be one of {LABELS}.")


def draw_shares(method: Mixes, seed: tf.Tensor, batch_size: int) -> Draws:
    """Draws each example's share of its mixture, where it is random.

    Args:
        method: Its `alpha` says whether it is.
        seed: int `[2]`.
        batch_size: B.

    Returns:
        `weight` `[B]`, or nothing.
    """
    return {} if method.alpha is None else {"weight": beta_weights(seed, batch_size, method.alpha)}


def shares(method: Mixes, draws: Draws, tokens: Tokens) -> tf.Tensor:
    """Gives each example's own share of its mixture.

    Args:
        method: Has the share, where it is not drawn.
        draws: What `draw_shares` made.
        tokens: The batch.

    Returns:
        float32 `[B]`, from 0 to 1.
    """
    if method.alpha is not None:
        return drawn(method.name, "weight", draws)
    return tf.fill([tokens.token_ids.shape[0]], tf.constant(method.weight, tf.float32))


def mixed_targets(method: Mixes, targets: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Gives the mixtures' labels: mixed like the texts (MixKD, Equation 5), or the originals'.

    Args:
        method: Its `labels` says which.
        targets: `[B, C]`.
        share: `[B]`; the example's share.

    Returns:
        `[B, C]`.
    """
    if method.labels == "original":
        return targets
    share = share[:, tf.newaxis]
    return share * targets + (1 - share) * partner(targets, method.rotation)


def partner(values: tf.Tensor, rotation: int) -> tf.Tensor:
    """Gives for each example the value of the one that it is mixed with.

    Args:
        values: `[B, ...]` with B a multiple of 8.
        rotation: One of ROTATIONS.

    Returns:
        `[B, ...]`.
    """
    blocks = tf.reshape(values, [-1, BLOCK, *values.shape[1:]])
    return tf.reshape(tf.roll(blocks, shift=-rotation, axis=1), [-1, *values.shape[1:]])


def beta_weights(seed: tf.Tensor, batch_size: int, alpha: float) -> tf.Tensor:
    """Draws mixing weights from Beta(alpha, alpha), as two gammas (XLA has no kernel for either).

    Args:
        seed: int `[2]`.
        batch_size: B.
        alpha: Above 0; MixKD takes 0.4.

    Returns:
        float32 `[B]`, from 0 to 1.
    """
    first, second = (
        tf.random.stateless_gamma(
            [batch_size], tf.random.experimental.stateless_fold_in(seed, k), alpha
        )
        for k in (0, 1)
    )
    return tf.math.divide_no_nan(first, first + second)


def mixed_tokens(
    own: Tokens, other: Tokens, own_special: tf.Tensor, other_text: tf.Tensor, weight: tf.Tensor
) -> tuple[Tokens, tf.Tensor]:
    """Lays two texts over each other, position by position.

    A special token of the example stays; one of its partner counts as padding. Where only the
    partner has text, its token and its segment are taken, up to the partner's first special
    token, so that padding stays last. Every mixture so has the example's specials, once each.

    Args:
        own: The example, `[B, S]`.
        other: Its partner, `[B, S]`.
        own_special: bool `[B, S]`; where the example has a special token or padding.
        other_text: bool `[B, S]`; where the partner has text.
        weight: float32 `[B]`; the example's share. At 1 nothing of the partner is taken.

    Returns:
        The layout (the example's token where it has one, else the partner's) and where it has
        text, bool `[B, S]`.
    """
    own_real = tf.cast(own.padding_mask, tf.bool)
    taken = other_text & (weight < 1)[:, tf.newaxis]
    real = tf.cast(tf.math.cumprod(tf.cast(own_real | taken, tf.int32), axis=-1), tf.bool)
    added = real & ~own_real
    layout = Tokens(
        tf.where(added, other.token_ids, own.token_ids),
        tf.where(added, other.segment_ids, own.segment_ids),
        tf.cast(real, own.padding_mask.dtype),
    )
    return layout, real & ~(own_special & own_real)


def position_shares(
    own_special: tf.Tensor, own_real: tf.Tensor, other_text: tf.Tensor, weight: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives both texts' shares of a mixture, position by position.

    Padding, and a special token of the partner, mixes as zero; a special token of the example
    stays as it is.

    Args:
        own_special: bool `[B, S]`; where the example has a special token or padding.
        own_real: bool `[B, S]`; where the example has a token.
        other_text: bool `[B, S]`; where the partner has text.
        weight: float32 `[B]`; the example's share.

    Returns:
        The example's and the partner's share, `[B, S]` each.
    """
    share = weight[:, tf.newaxis]
    kept = own_special & own_real
    own_share = tf.where(kept, 1.0, tf.where(own_real, share, 0.0))
    other_share = tf.where(~kept & other_text, 1.0 - share, 0.0)
    return own_share, other_share


def mixed_embeddings(
    own: tf.Tensor, other: tf.Tensor, own_share: tf.Tensor, other_share: tf.Tensor
) -> tf.Tensor:
    """Mixes word embeddings, `own_share * own + other_share * other` (MixKD, Equation 4).

    Args:
        own: `[B, S, D]`.
        other: `[B, S, D]`; the partners' embeddings.
        own_share: `[B, S]`, from `position_shares`.
        other_share: `[B, S]`.

    Returns:
        `[B, S, D]`.
    """
    dtype = own.dtype
    return (
        tf.cast(own_share, dtype)[..., tf.newaxis] * own
        + tf.cast(other_share, dtype)[..., tf.newaxis] * other
    )
