import numpy as np
import pytest
import tensorflow as tf
from conftest import LENGTH, WORDS, text_of, tokens_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tfaugkd.augment.mixing import (
    BLOCK,
    beta_weights,
    mixed_embeddings,
    mixed_tokens,
    partner,
    position_shares,
)
from tfaugkd.classifier import Tokens

SPECIALS = [WORDS.index(token) for token in ("[PAD]", "[CLS]", "[SEP]", "[MASK]")]
TEXT = st.lists(st.integers(7, len(WORDS) - 1), max_size=4)


def is_text(tokens):
    return tf.constant(~np.isin(tokens.token_ids.numpy(), SPECIALS))


def lay(own, other, weight=0.5):
    """Lays two batches of texts over each other."""
    shares = tf.fill([own.token_ids.shape[0]], tf.constant(weight))
    return mixed_tokens(own, other, ~is_text(own), is_text(other), shares)


def marks(mask):
    return "".join("x" if flag else "." for flag in mask.numpy()[0])


def numbers(values):
    return "".join(str(value) for value in values.numpy()[0])


@pytest.mark.parametrize("rotation", range(1, BLOCK))
def test_everyone_has_one_partner_and_is_partner_once_inside_its_block(rotation):
    found = partner(tf.range(24), rotation).numpy()
    assert sorted(found) == list(range(24))
    assert (found != np.arange(24)).all()
    assert (found // BLOCK == np.arange(24) // BLOCK).all()
    assert found[:3].tolist() == [rotation, (rotation + 1) % 8, (rotation + 2) % 8]


@pytest.mark.parametrize("rotation", [1, 2, 3, 5, 6, 7])
def test_no_two_examples_are_each_others_partner(rotation):
    found = partner(tf.range(16), rotation).numpy()
    assert (found[found] != np.arange(16)).all()


def test_partners_are_whole_examples():
    values = tf.reshape(tf.range(48), [8, 3, 2])
    assert partner(values, 2).numpy().tolist() == np.roll(values.numpy(), -2, axis=0).tolist()


def test_a_short_text_is_prolonged_by_a_long_one():
    layout, text = lay(
        tokens_of("[CLS] good film [SEP]"), tokens_of("[CLS] the plot was very bad [SEP]")
    )
    assert text_of(layout.token_ids[0]) == "[CLS] good film [SEP] very bad"
    assert marks(text) == ".xx.xx......"
    assert numbers(layout.padding_mask) == "111111000000"


def test_a_long_text_keeps_its_own_layout():
    own = tokens_of("[CLS] the plot was very bad [SEP]")
    layout, text = lay(own, tokens_of("[CLS] good film [SEP]"))
    assert text_of(layout.token_ids[0]) == "[CLS] the plot was very bad [SEP]"
    assert marks(text) == ".xxxxx......"
    assert numbers(layout.padding_mask) == numbers(own.padding_mask)


def test_a_pair_that_is_prolonged_takes_the_partners_segment():
    own = tokens_of("[CLS] good [SEP] film [SEP]")
    other = tokens_of("[CLS] the plot was very [SEP] a scene [SEP]")
    layout, text = lay(own, other)
    # The partner's [SEP] stands where the text would go on: it ends the mixture.
    assert text_of(layout.token_ids[0]) == "[CLS] good [SEP] film [SEP]"
    other = tokens_of("[CLS] the plot was very bad fun [SEP] a scene [SEP]")
    layout, text = lay(own, other)
    assert text_of(layout.token_ids[0]) == "[CLS] good [SEP] film [SEP] bad fun"
    assert numbers(layout.segment_ids) == "000110000000"
    other = tokens_of("[CLS] the [SEP] was very bad fun but [SEP]")
    layout, text = lay(own, other)
    assert text_of(layout.token_ids[0]) == "[CLS] good [SEP] film [SEP] bad fun but"
    assert numbers(layout.segment_ids) == "000111110000"
    assert marks(text) == ".x.x.xxx...."


def test_at_weight_one_nothing_of_the_partner_is_taken():
    own = tokens_of("[CLS] good [SEP] film [SEP]", "[CLS] bad [SEP]")
    other = tokens_of("[CLS] the plot was very bad fun [SEP]", "[CLS] the plot was [SEP]")
    layout, text = lay(own, other, weight=1.0)
    for part, original in zip(layout[:3], own[:3], strict=True):
        assert part.dtype == original.dtype
        assert part.numpy().tolist() == original.numpy().tolist()
    assert text.numpy().tolist() == is_text(own).numpy().tolist()


@st.composite
def batches(draw):
    """Eight single texts or eight pairs, some of them empty or as long as the batch."""
    pairs = draw(st.booleans())
    rows, masks, segments = [], [], []
    for _ in range(8):
        first = [2, *draw(TEXT), 3]
        second = [*draw(TEXT), 3] if pairs else []
        filling = LENGTH - len(first) - len(second)
        rows.append(first + second + [0] * filling)
        masks.append([1] * (LENGTH - filling) + [0] * filling)
        segments.append([0] * len(first) + [1] * len(second) + [0] * filling)
    return Tokens(*(tf.constant(part, tf.int32) for part in (rows, segments, masks)))


@settings(max_examples=40, deadline=None)
@given(batches(), st.integers(1, 7), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_every_mixture_has_the_examples_specials_and_ends_in_padding(own, rotation, weight):
    other = Tokens(*(partner(part, rotation) for part in own[:3]))
    layout, text = lay(own, other, weight)
    for row, mask, before, others, words in zip(
        *(part.numpy() for part in (layout[0], layout[2], own[0], other[0], text)), strict=True
    ):
        length = mask.sum()
        assert mask.tolist() == [1] * length + [0] * (LENGTH - length)
        assert (row[:length] != 0).all()
        assert (row[length:] == 0).all()
        framing = [token for token in before if token in SPECIALS[1:]]
        assert [token for token in row if token in SPECIALS[1:]] == framing
        assert words.tolist() == [token not in SPECIALS for token in row]
        assert all(
            token in (mine, theirs) for token, mine, theirs in zip(row, before, others, strict=True)
        )


def test_embeddings_are_mixed_by_hand():
    own = tokens_of("[CLS] good film [SEP]", length=6)
    other = tokens_of("[CLS] bad [SEP] a fun", length=6)
    own_text, other_text = is_text(own), is_text(other)
    of_own = tf.constant([[[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]]])
    of_other = tf.constant([[[10.0], [20.0], [30.0], [40.0], [50.0], [60.0]]])
    real = tf.cast(own.padding_mask, tf.bool)
    shares = position_shares(~own_text, real, other_text, tf.constant([0.25]))
    found = mixed_embeddings(of_own, of_other, *shares)
    # The special stays; both: 0.25 * 2 + 0.75 * 20; the partner's special counts as zero:
    # 0.25 * 3; the special stays; the partner alone: 0.75 * 50; neither.
    assert found.numpy()[0, :, 0].tolist() == [1.0, 15.5, 0.75, 4.0, 37.5, 0.0]


def test_embeddings_at_weight_one_are_the_examples_own_and_zero_behind_them():
    own = tokens_of("[CLS] good film [SEP]", length=6)
    other = tokens_of("[CLS] bad plot a fun [SEP]", length=6)
    random = np.random.default_rng(0)
    of_own, of_other = tf.constant(random.normal(size=(2, 1, 6, 4)), tf.float32)
    real = tf.cast(own.padding_mask, tf.bool)
    shares = position_shares(~is_text(own), real, is_text(other), tf.constant([1.0]))
    found = mixed_embeddings(of_own, of_other, *shares)
    assert found.numpy()[0, :4].tolist() == of_own.numpy()[0, :4].tolist()
    assert not found.numpy()[0, 4:].any()


@pytest.mark.parametrize("alpha", [0.4, 1.0, 5.0])
def test_beta_weights_have_the_moments_of_beta(alpha):
    count = 40_000
    drawn = beta_weights(tf.constant([3, 4]), count, alpha).numpy()
    variance = 1 / (4 * (2 * alpha + 1))
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert drawn.mean() == pytest.approx(0.5, abs=5 * np.sqrt(variance / count))
    assert drawn.var() == pytest.approx(variance, rel=0.03)


def test_one_seed_gives_one_draw():
    first, again, other = (
        beta_weights(tf.constant(seed, tf.int64), 16, 0.4).numpy()
        for seed in ([1, 2], [1, 2], [1, 3])
    )
    assert first.tolist() == again.tolist()
    assert (first != other).all()
    assert len(set(first)) == 16
