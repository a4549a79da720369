import pytest
from test_plot import size

from tfaugkd.sweep_effects import main_effects
from tfaugkd.sweep_plot import draw_main_effects
from tfaugkd.sweep_space import Parameter
from tfaugkd.sweep_trials import Trial

PARAMETERS = [
    Parameter("train.learning_rate", lowest=1e-4, highest=1e-2, log=True),
    Parameter("augment", ([], [{"name": "knn", "degree": 0.3}])),
    Parameter("student.layers", (1, 2)),
    Parameter("loss.soft", lowest=0.0, highest=2.0),
]


def trials(count):
    return [
        Trial(
            {
                "train.learning_rate": 1e-4 * 10 ** (2 * n / count),
                "augment": PARAMETERS[1].choices[n % 2],
                "student.layers": 1 + n % 2,
                "loss.soft": n / count,
            },
            {"accuracy": [0.7 + 0.01 * n]},
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [1, 12])
def test_a_panel_for_every_key(count, tmp_path):
    heights = []
    for keys in (1, 4):
        path = tmp_path / f"{keys}.png"
        found = trials(count)
        effects = main_effects(PARAMETERS[:keys], found, "accuracy")
        draw_main_effects(path, PARAMETERS, found, effects, "accuracy")
        heights.append(size(path)[1])
    # Three panels stand side by side.
    assert heights[1] > 1.5 * heights[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.png", "4.png"]
