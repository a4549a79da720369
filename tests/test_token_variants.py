import numpy as np
import pytest
from conftest import LENGTH, bert, roberta, sentiment, tokens_of

from tfaugkd.augment.augpro import augpro_fgsm, augpro_mix
from tfaugkd.augment.mixup import MixUp
from tfaugkd.augment.variants import Variants
from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.examples import Examples
from tfaugkd.data.tokenisation import tokenise
from tfaugkd.errors import InputError
from tfaugkd.token_variants import detokenised, token_variants


@pytest.fixture(scope="module")
def teacher():
    return SplitClassifier(bert(layers=1, seed=1))


def made_by(method, teacher, examples, copies=3, seed=0, jit_compile=False):
    found = [[] for _ in range(len(examples))]
    options = (copies, 8, LENGTH, seed, jit_compile)
    for place, texts in token_variants(method, teacher, examples, *options):
        found[place].append(texts)
    return found


def written(teacher, *texts, pair=False):
    return detokenised(teacher, tokens_of(*texts).token_ids.numpy(), pair)


def test_tokens_are_written_as_the_words_that_they_spell(teacher):
    texts = ["[CLS] un ##likely film ##s ! [SEP]", "[CLS] [SEP]", "[CLS] a [UNK] film [SEP]"]
    texts += ["[CLS] [UNK] [SEP]", "[CLS] ##ly film ##ly [SEP]"]
    assert written(teacher, *texts) == [
        ("unlikely films !",),
        (),
        ("a film",),
        (),
        ("ly filmly",),
    ]
    assert written(teacher, "[CLS] [SEP]") == [()]


def test_the_end_of_a_longer_partner_goes_on_with_the_text(teacher):
    assert written(teacher, "[CLS] a good [SEP] the plot") == [("a good the plot",)]
    texts = ["[CLS] a good [SEP] the plot [SEP] film ##s", "[CLS] [SEP] the plot [SEP]"]
    assert written(teacher, *texts, pair=True) == [("a good", "the plot films"), ("the plot",)]


def test_byte_pairs_are_written_without_the_space_in_front():
    model = SplitClassifier(roberta())
    pairs = Examples(["good film", " bad film"], ["a bad film!", "b"])
    ids = tokenise(model.classifier.preprocessor, pairs, 16)["token_ids"]
    assert detokenised(model, ids, pair=True) == [("good film", "a bad film!"), ("bad film", "b")]


def test_every_text_has_as_many_variants_as_asked_for(teacher):
    # 3 times 13 is no multiple of the batch.
    found = made_by(augpro_mix(), teacher, sentiment(13, seed=2))
    assert [len(variants) for variants in found] == [3] * 13
    assert made_by(augpro_mix(), teacher, sentiment(13, seed=2), jit_compile=True) == found
    assert "#" not in "".join(text for variants in found for texts in variants for text in texts)


def test_a_mixture_of_which_all_is_the_examples_own_is_the_example(teacher):
    """Shows that each variant is given to the original that it was made from."""
    examples = sentiment(13, seed=2)
    found = made_by(augpro_mix(weight=1.0), teacher, examples)
    assert found == [[(text,)] * 3 for text in examples.text_a]


def test_each_copy_is_mixed_with_another_partner(teacher):
    found = made_by(augpro_mix(), teacher, sentiment(24, seed=3), copies=4)
    assert np.mean([len(set(variants)) for variants in found]) > 3


def test_variants_depend_on_the_seed(teacher):
    examples = sentiment(16, seed=2)
    first, other = (made_by(augpro_mix(), teacher, examples, 1, seed) for seed in (5, 6))
    assert first != other


def test_pairs_stay_pairs(teacher):
    pairs = sentiment(8, seed=3, pairs=True)
    found = made_by(augpro_mix(weight=1.0), teacher, pairs, copies=1)
    assert found == [[texts] for texts in zip(pairs.text_a, pairs.text_b, strict=True)]


def test_steps_along_a_gradient_are_those_of_the_teacher_itself(teacher):
    examples = sentiment(16, seed=2)
    up, down = (
        made_by(augpro_fgsm(epsilon=6.0, direction=way), teacher, examples, copies=1)
        for way in ("ascent", "descent")
    )
    assert up != down
    assert up != [[(text,)] for text in examples.text_a]


def test_an_epsilon_that_is_auto_is_found(teacher):
    examples = sentiment(16, seed=2)
    method = augpro_fgsm(direction="random", target_degree=0.5)
    found = made_by(method, teacher, examples, copies=1)
    same = [variants == [(text,)] for variants, text in zip(found, examples.text_a, strict=True)]
    assert sum(same) <= 12


@pytest.mark.parametrize("method", [MixUp(), Variants("aug.tsv")])
def test_methods_that_make_no_text_are_refused(teacher, method):
    with pytest.raises(InputError, match=f"{method.name} makes no text that a file could hold"):
        made_by(method, teacher, sentiment(8))
