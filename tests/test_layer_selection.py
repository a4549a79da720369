import numpy as np
import pytest
from conftest import FAMILIES, albert, bert, distil_bert

from tfaugkd.encoders import encoder_of
from tfaugkd.errors import InputError
from tfaugkd.layer_selection import copy_head, copy_preprocessor, selected_layers, with_layers


@pytest.mark.parametrize(
    ("depth", "layers", "select", "expected"),
    [
        (6, 3, "bottom", [0, 1, 2]),
        (6, 3, "top", [3, 4, 5]),
        (6, 3, "skip", [0, 2, 4]),
        (12, 6, "skip", [0, 2, 4, 6, 8, 10]),
        (12, 3, "skip", [0, 4, 8]),
        (6, 4, "skip", [0, 1, 3, 4]),
        (6, 3, "none", [0, 1, 2]),
        (4, 4, "top", [0, 1, 2, 3]),
    ],
)
def test_layers_are_selected_from_one_end_or_evenly(depth, layers, select, expected):
    assert selected_layers(depth, layers, select) == expected


def test_an_unknown_selection_is_refused():
    with pytest.raises(InputError, match=r"student.select is 'middle', but must be one of bottom"):
        selected_layers(6, 3, "middle")


@pytest.fixture(scope="module", params=[name for name in FAMILIES if name != "albert"])
def whole(request):
    return FAMILIES[request.param](layers=4, seed=6)


def values(layers):
    return [[weight.numpy() for weight in layer.weights] for layer in layers]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_selected_layers_are_taken_and_all_that_is_no_layer(whole):
    source, cut = (encoder_of(model) for model in (whole, with_layers(whole, [1, 3])))
    assert cut.depth == 2
    taken, given = values(cut.layers), values(source.layers)
    assert same(taken[0], given[1])
    assert same(taken[1], given[3])
    assert not same(taken[0], given[0])
    others = [layer.name for layer in cut.backbone.layers if layer not in cut.layers]
    for name in others:
        one, other = (encoder.backbone.get_layer(name).weights for encoder in (cut, source))
        assert same(one, other), name
    assert {"token_embedding", "token_and_position_embedding", "embeddings"} & set(others)


def test_without_weights_all_of_them_are_random(whole):
    cut = with_layers(whole, [0, 1], copy_weights=False)
    equal = [
        own.path
        for own, other in zip(cut.backbone.weights, whole.backbone.weights, strict=False)
        if own.shape == other.shape and np.array_equal(own, other)
    ]
    assert equal == []


def test_an_albert_repeats_fewer_times():
    source = albert(layers=4)
    cut = with_layers(source, [0, 1, 2])
    assert cut.backbone.num_layers == 3
    assert len(cut.backbone.weights) == len(source.backbone.weights)
    assert same(cut.backbone.weights, source.backbone.weights)


@pytest.mark.parametrize(
    ("groups", "inner", "indices", "layers", "kept"),
    [
        # Four layers in two groups are 0 0 1 1; the second number is how often each is run.
        (2, 1, [0, 1, 2, 3], 4, [0, 1]),
        (2, 1, [0, 1], 2, [0]),
        (2, 1, [2, 3], 2, [1]),
        (2, 1, [0, 2], 2, [0, 1]),
        (4, 1, [1, 3], 2, [1, 3]),
        # Two inner layers, repeated four times: 0 1 0 1 0 1 0 1.
        (1, 2, [0, 1, 2, 3], 2, [0]),
    ],
)
def test_the_groups_of_an_albert_are_kept_where_they_are_whole(
    groups, inner, indices, layers, kept
):
    source = albert(layers=4, groups=groups, inner=inner)
    cut = with_layers(source, indices)
    assert cut.backbone.num_layers == layers
    assert len(cut.backbone.transformer_layers) == len(kept)
    for own, number in zip(cut.backbone.transformer_layers, kept, strict=True):
        its = source.backbone.transformer_layers[number]
        for one, other in zip(values(own), values(its), strict=True):
            assert same(one, other)


@pytest.mark.parametrize(
    ("groups", "inner", "indices"), [(2, 1, [0, 1, 2]), (1, 2, [0, 1, 2]), (1, 2, [0, 2])]
)
def test_an_albert_that_cannot_be_is_refused(groups, inner, indices):
    source = albert(layers=4, groups=groups, inner=inner)
    with pytest.raises(InputError, match=r"cannot have the layers .* take another number"):
        with_layers(source, indices)


def test_a_head_is_copied_between_models_of_one_kind():
    source, student = distil_bert(layers=2, seed=1), distil_bert(layers=1, seed=2)
    before = values([student.backbone])
    copy_head(source, student)
    for name in ("pooled_dense", "output_dense"):
        assert same(getattr(student, name).weights, getattr(source, name).weights)
    assert same(values([student.backbone])[0], before[0])


@pytest.mark.parametrize(
    ("student", "sentence"),
    [
        (
            distil_bert(layers=1),
            "student.head is 'copy', but the head of the teacher, a BertTextClassifier with 8 x 2, "
            "does not fit the student, a DistilBertTextClassifier with 8 x 8 and 8 x 2; set it to "
            "'new'.",
        ),
        (
            bert(layers=1, width=4),
            "student.head is 'copy', but the head of the teacher, a BertTextClassifier with 8 x 2, "
            "does not fit the student, a BertTextClassifier with 4 x 2; set it to 'new'.",
        ),
    ],
)
def test_a_head_that_does_not_fit_is_refused(student, sentence):
    with pytest.raises(InputError) as refused:
        copy_head(bert(layers=1), student)
    assert str(refused.value) == sentence


def test_a_copied_preprocessor_reads_the_same(teacher):
    own = teacher.classifier.preprocessor
    copy = copy_preprocessor(own)
    assert copy is not own
    assert copy.get_config()["sequence_length"] == own.sequence_length
    assert copy.truncate == own.truncate
    assert np.array_equal(copy("a good film")["token_ids"], own("a good film")["token_ids"])
