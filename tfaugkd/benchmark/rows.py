"""The steps that are timed, and what each of them runs."""

from typing import Literal, NamedTuple

from tfaugkd.config import Options


class Passes(NamedTuple):
    """What one step runs, in passes of a model over a batch.

    `teacher` counts passes forward, `student` passes forward and back, `climbs` passes of the
    student forward and back to the embeddings alone. `searched` says for which positions the whole
    vocabulary must be searched: none, those with text, or all.
    """

    teacher: int
    student: int
    climbs: int = 0
    searched: Literal["none", "text", "all"] = "none"


class Row(NamedTuple):
    """A step that is timed.

    `augment` are the entries of its augmentations, `soft` the weight of the teacher on clean text.
    `made_by` is tfaugkd, or tfaugkd with the projection as one product over the vocabulary
    ("naive"), or Keras' own distiller ("keras").
    """

    passes: Passes
    augment: tuple[Options, ...] = ()
    soft: float = 1.0
    stored_logits: bool = False
    made_by: Literal["tfaugkd", "naive", "keras"] = "tfaugkd"


# The size of the step that changes about a third of the tokens of the packaged encoder.
_EPSILON = 4.0
_MIX = {"name": "augpro_mix"}
_FGSM = {"name": "augpro_fgsm", "epsilon": _EPSILON}

# The passes are those by which the papers define a method. FGSM and AugPro-FGSM take the gradient
# that the clean text's own backward pass gives; PGA climbs another loss than that of the clean
# text, so that each of its steps is a pass.
ROWS = {
    "finetune": Row(Passes(0, 1), soft=0.0),
    "kd": Row(Passes(1, 1)),
    "kd_stored_logits": Row(Passes(0, 1), stored_logits=True),
    "mixup": Row(Passes(2, 2), ({"name": "mixup"},)),
    "tmix": Row(Passes(2, 2), ({"name": "tmix"},)),
    "fgsm": Row(Passes(1, 2), ({"name": "fgsm"},)),
    "pga": Row(Passes(1, 2, climbs=1), ({"name": "pga"},)),
    "augpro_mix": Row(Passes(2, 2), (_MIX,)),
    "augpro_mix_stored_logits": Row(Passes(1, 2), (_MIX,), stored_logits=True),
    "augpro_mix_naive": Row(Passes(2, 2, searched="all"), (_MIX,), made_by="naive"),
    "augpro_fgsm": Row(Passes(2, 2, searched="text"), (_FGSM,)),
    "augpro_mix_fgsm": Row(Passes(3, 3, searched="text"), (_MIX, _FGSM)),
    "knn": Row(Passes(2, 2), ({"name": "knn"},)),
    "eda": Row(Passes(2, 2), ({"name": "eda"},)),
    "random_replacement": Row(Passes(2, 2), ({"name": "random_replacement"},)),
    "keras_distiller": Row(Passes(1, 1), made_by="keras"),
}


class Ratio(NamedTuple):
    """Two rows, and the largest ratio of their times that the project holds itself to."""

    over: str
    under: str
    at_most: float


RATIOS = (
    Ratio("augpro_mix", "mixup", 1.0),
    Ratio("knn", "mixup", 1.0),
    Ratio("augpro_fgsm", "fgsm", 1.5),
    Ratio("fgsm", "kd", 1.8),
    Ratio("augpro_mix", "kd", 2.0),
    Ratio("augpro_mix_stored_logits", "kd", 1.7),
    Ratio("kd", "keras_distiller", 0.9),
    Ratio("kd_stored_logits", "keras_distiller", 0.65),
)
KD_OVER_FLOOR = 1.3
