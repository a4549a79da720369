import logging

import numpy as np
import pytest
import tensorflow as tf
from conftest import WORDS, both, byte_pairs, clean, eight, jitted, roberta, text_of, tokens_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_mixing import SPECIALS, batches

from tfaugkd.augment import eda
from tfaugkd.augment.eda import EDA
from tfaugkd.classifier import SplitClassifier, Tokens
from tfaugkd.errors import InputError
from tfaugkd.synonyms import Synonyms

TEXT = "[CLS] good film un ##likely [SEP]"
SYNONYMS = {"good": ("great",), "great": ("good",), "film": ("movie", "plot"), "bad": ("awful",)}


def listed(words):
    return Synonyms("A list", {word: found for word, found in SYNONYMS.items() if word in words})


@pytest.fixture(autouse=True)
def synonyms(monkeypatch):
    """A few synonyms, whatever is installed."""
    monkeypatch.setattr(eda, "find_synonyms", listed)
    monkeypatch.setattr(eda, "require_synonyms", lambda: None)


def drawn_by(method, number=0):
    return method.draw(tf.constant([5, number]), 8)


def views_of(options, model, text=TEXT, number=0):
    method = EDA(**options).prepared(model)
    batch = clean(tokens_of(*[text] * 8))
    return method(batch, drawn_by(method, number), both(model, model))


def only(operation, rate):
    names = ("alpha_sr", "alpha_ri", "alpha_rs", "alpha_rd")
    return {name: rate if name == operation else 0.0 for name in names}


@pytest.mark.parametrize(
    ("operation", "texts", "degree"),
    [
        (
            "alpha_sr",
            {"[CLS] great movie un ##likely [SEP]", "[CLS] great plot un ##likely [SEP]"},
            2 / 3,
        ),
        (
            "alpha_rs",
            {
                "[CLS] film good un ##likely [SEP]",
                "[CLS] un ##likely film good [SEP]",
                "[CLS] good un ##likely film [SEP]",
            },
            1 / 3,
        ),
        ("alpha_rd", {"[CLS] good [SEP]", "[CLS] film [SEP]", "[CLS] un ##likely [SEP]"}, 2 / 3),
    ],
)
def test_each_operation_by_hand(student, operation, texts, degree):
    found = set()
    for number in range(4):
        views = views_of(only(operation, 1.0), student, number=number)
        found |= {text_of(row) for row in views.student.token_ids}
        assert views.degree.numpy() == pytest.approx(np.full(8, degree))
    assert found == texts


def test_insertion_by_hand(student):
    views = views_of(only("alpha_ri", 1.0), student)
    for row in views.student.token_ids:
        words = text_of(row).split()
        assert words[:2] == ["[CLS]", "good"]
        assert [words[place] for place in (3, 5, 6, 8)] == ["film", "un", "##likely", "[SEP]"]
        assert {words[place] for place in (2, 4, 7)} <= {"great", "movie", "plot"}
    assert views.degree.numpy().tolist() == [1.0] * 8


def test_degree_zero_gives_the_text_back(student):
    views = views_of({"degree": 0.0}, student)
    for made, original in zip(views.student[:3], tokens_of(*[TEXT] * 8)[:3], strict=True):
        assert (made.numpy() == original.numpy()).all()
    assert not views.degree.numpy().any()


def test_a_rate_wins_over_the_degree():
    assert EDA(degree=0.2).rates == [0.2] * 4
    assert EDA(degree=0.2, alpha_rs=0.0, alpha_rd=0.5).rates == [0.2, 0.2, 0.0, 0.5]


def test_the_measured_degree_is_the_asked_one(student):
    text = "[CLS] good film good film good film good film good film [SEP]"
    # Ten words with synonyms: three operations, neither more nor fewer.
    for number in range(4):
        views = views_of({"degree": 0.3}, student, text, number)
        assert views.degree.numpy() == pytest.approx(np.full(8, 0.3))


def kept_apart(tokens, model):
    """Splits a text at its specials; each part as a multiset of tokens."""
    rows = []
    for row in tokens.token_ids.numpy():
        cuts = np.flatnonzero(np.isin(row, SPECIALS[1:]))
        rows.append([sorted(part) for part in np.split(row, cuts)[1:-1]])
    return rows


@pytest.fixture(scope="module")
def compiled(student):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eda, "find_synonyms", listed)
        method = EDA(degree=0.5).prepared(student)
    return method, jitted(method, both(student, student))


def test_xla_makes_the_text_of_eager_execution(compiled, student, pairs):
    method, run = compiled
    batch = clean(eight(pairs, student))
    for number in range(2):
        eager = method(batch, drawn_by(method, number), both(student, student))
        views = run(batch, drawn_by(method, number))
        for one, other in zip(views.student[:3], eager.student[:3], strict=True):
            assert (one.numpy() == other.numpy()).all()
        assert (views.degree.numpy() == eager.degree.numpy()).all()


def test_specials_stay_in_order_words_stay_whole_and_texts_apart(compiled):
    method, run = compiled
    pieces = [WORDS.index(token) for token in ("##likely", "##ly", "##s")]
    made_up = {WORDS.index(word) for words in SYNONYMS.values() for word in words}

    @settings(max_examples=20, deadline=None)
    @given(batches(), st.integers(0, 999))
    def check(tokens, number):
        views = run(clean(tokens), drawn_by(method, number))
        for before, after in zip(
            zip(*(part.numpy() for part in tokens[:3]), strict=True),
            zip(*(part.numpy() for part in views.student[:3]), strict=True),
            strict=True,
        ):
            ids, segments, mask = after
            length = mask.sum()
            assert (mask[:length] == 1).all()
            assert (ids[length:] == 0).all()
            assert (segments[length:] == 0).all()
            framed, framed_before = np.isin(ids, SPECIALS[1:]), np.isin(before[0], SPECIALS[1:])
            assert (ids[framed] == before[0][framed_before]).all()
            assert (segments[framed] == before[1][framed_before]).all()
            assert (np.diff(segments[:length]) >= 0).all()
            for segment in (0, 1):
                mine = set(ids[(segments == segment) & ~framed & (mask == 1)])
                theirs = set(before[0][(before[1] == segment) & (before[2] == 1)])
                assert mine <= theirs | made_up
            # A piece that went on with a word goes on with the same piece, or begins a text.
            for place in np.flatnonzero(np.isin(ids, pieces)):
                if not framed[place - 1]:
                    follows = zip(before[0][:-1], before[0][1:], strict=True)
                    assert (ids[place - 1], ids[place]) in set(follows)

    check()


def test_text_that_fills_the_batch_makes_room_for_what_is_inserted(student):
    full = "[CLS] good the a was is very and [SEP] film it [SEP]"
    views = views_of(only("alpha_ri", 1.0), student, full)
    for row in views.student.token_ids:
        words = text_of(row).split()
        assert len(words) == 12
        assert [words.count(special) for special in ("[CLS]", "[SEP]")] == [1, 2]
        assert words.index("[SEP]") == 8


def test_byte_pairs_move_with_their_blanks():
    model = SplitClassifier(roberta(layers=1))
    numbered, _ = byte_pairs()
    text = ["<s>", "good", "Ġfilm", "s", "Ġbad", ".", "</s>", "<pad>", "<pad>"]
    ids = tf.constant([[numbered[token] for token in text]] * 8)
    mask = tf.cast(ids != numbered["<pad>"], tf.int32)
    tokens = Tokens(ids, tf.zeros_like(ids), mask)
    method = EDA(**only("alpha_rs", 1.0)).prepared(model)
    by_id = {i: token for token, i in numbered.items()}
    found = set()
    for number in range(3):
        views = method(clean(tokens), drawn_by(method, number), both(model, model))
        rows = views.student.token_ids.numpy()
        found |= {" ".join(by_id[i] for i in row[:7]) for row in rows}
    # "good" has no blank before it, so that it stays where no blank is needed.
    assert found == {
        "<s> good Ġbad Ġfilm s . </s>",
        "<s> good . Ġbad Ġfilm s </s>",
        "<s> good Ġfilm s . Ġbad </s>",
    }


def test_the_vocabularys_words_are_looked_up(student, caplog):
    with caplog.at_level(logging.INFO, logger="tfaugkd"):
        candidates = EDA().prepared(student).candidates
    assert "A list has synonyms for 4 of 27 words." in caplog.text
    film = WORDS.index("film")
    assert candidates.counts.numpy()[film] == 2
    assert [WORDS[i] for i in candidates.ids.numpy()[film]] == ["movie", "plot"]


def test_coverage_is_the_share_of_words_with_a_synonym(student):
    tokens = tokens_of(TEXT, "[CLS] the plot [SEP]", "[CLS] [SEP]", "[CLS] bad [SEP]")
    found = EDA().prepared(student).coverage(student.vocabulary, tokens)
    assert found.numpy() == pytest.approx([2 / 3, 0.0, 0.0, 1.0])


def test_without_replacement_and_insertion_no_synonyms_are_needed(student, monkeypatch):
    def refuse(*_):
        raise InputError("There are no synonyms.")

    monkeypatch.setattr(eda, "require_synonyms", refuse)
    monkeypatch.setattr(eda, "find_synonyms", refuse)
    views = views_of({"alpha_sr": 0, "alpha_ri": 0, "alpha_rd": 0}, student)
    assert views.degree.numpy() == pytest.approx(np.full(8, 1 / 3), abs=0.34)
    with pytest.raises(InputError, match="There are no synonyms"):
        EDA()


def test_a_student_learns(token_history):
    history = token_history
    before, after = history["eda_distillation_loss"]
    assert after < 0.7 * before
    assert history["eda_degree"][0] == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize("options", [{"degree": 2}, {"alpha_sr": -0.1}, {"alpha_rd": 1.1}])
def test_options_out_of_range_are_refused(options):
    (key,) = options
    with pytest.raises(InputError, match=rf"^eda\.{key} is "):
        EDA(**options)
