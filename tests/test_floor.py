import numpy as np
import pytest
from conftest import ROWS, bert, enc_t5

from tfaugkd.benchmark.floor import Shapes, forward_operations, products, step_operations
from tfaugkd.benchmark.rows import ROWS as STEPS
from tfaugkd.classifier import SplitClassifier

# 8 texts of 12 tokens; the models are 8 wide, 16 inside, with 2 classes.
SHAPES = Shapes(batch_size=8, sequence_length=12, text_positions=50.5)
# 8 x 96 x 8 x 8 for the projections, 4 x 96 x 12 x 8 for attention, 4 x 96 x 8 x 16 behind it.
LAYER = 49_152 + 36_864 + 49_152
# Of the last layer, keys and values for 96 tokens, and for 8 all else: 4 x 96 x 8 x 8, then
# 4 x 8 x 8 x 8, 4 x 8 x 12 x 8 and 4 x 8 x 8 x 16.
LAST = 24_576 + 2_048 + 3_072 + 4_096
# The pooled [CLS], 2 x 8 x 8 x 8, and the logits, 2 x 8 x 8 x 2.
HEAD = 1_024 + 256
TEACHER, STUDENT = 2 * LAYER + LAST + HEAD, LAYER + LAST + HEAD


def test_a_pass_forward_by_hand(teacher, student):
    assert forward_operations(teacher, SHAPES) == TEACHER == 305_408
    assert forward_operations(student, SHAPES) == STUDENT == 170_240


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("finetune", 3 * STUDENT),
        ("kd", 816_128),
        ("kd_stored_logits", 510_720),
        ("mixup", 2 * 816_128),
        ("fgsm", TEACHER + 6 * STUDENT),
        ("pga", TEACHER + 8 * STUDENT),
        ("augpro_mix", 2 * 816_128),
        ("augpro_mix_stored_logits", 2 * 816_128 - TEACHER),
        ("augpro_mix_naive", 2 * 816_128 + 2 * 96 * ROWS * 8),
        ("augpro_fgsm", 2 * 816_128 + 2 * 50.5 * ROWS * 8),
        ("augpro_mix_fgsm", 3 * 816_128 + 2 * 50.5 * ROWS * 8),
        ("keras_distiller", 816_128),
    ],
)
def test_a_step_by_hand(row, expected, teacher, student):
    assert step_operations(STEPS[row].passes, teacher, student, SHAPES) == expected


def test_heads_and_gates_of_t5_are_counted_as_they_are():
    # Two heads of 3, so that A is 6, and a third matrix in the feed-forward block.
    layer = 8 * 96 * 8 * 6 + 4 * 96 * 12 * 6 + 6 * 96 * 8 * 16
    model = SplitClassifier(enc_t5(layers=2))
    assert forward_operations(model, SHAPES) == 2 * layer + HEAD


def test_the_kernels_of_a_layer_are_all_counted():
    model = SplitClassifier(bert(layers=1))
    layer = model.classifier.backbone.transformer_layers[0]
    kernels = [np.prod(w.shape) for w in layer.weights if w.path.endswith("kernel")]
    attention = 4 * SHAPES.positions * SHAPES.sequence_length * model.width
    whole = 2 * SHAPES.positions * sum(kernels) + attention
    assert whole == LAYER
    assert forward_operations(model, SHAPES) == LAST + HEAD


def test_products_multiply_what_they_say():
    for product in products(tokens=16, width=4, inner=8).values():
        # Four times up and down: 2 x 16 x 4 x 8 each.
        assert product.operations == 4 * 2 * 1_024
        assert np.isfinite(float(product.call()))
