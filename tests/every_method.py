"""One of each augmentation, for the tests that all of them must pass."""

from tfaugkd.augment.augpro import augpro_fgsm, augpro_mix, augpro_pga
from tfaugkd.augment.eda import EDA
from tfaugkd.augment.fgsm import FGSM
from tfaugkd.augment.knn import KNN
from tfaugkd.augment.mixup import MixUp
from tfaugkd.augment.pga import PGA
from tfaugkd.augment.random_generation import RandomGeneration
from tfaugkd.augment.random_replacement import RandomReplacement
from tfaugkd.augment.tmix import TMix
from tfaugkd.augment.variants import Variants
from tfaugkd.data.files import write_rows

# Sizes are given, because finding them takes seconds; synonyms are left out, as they come from
# files that are not here.
EVERY_METHOD = {
    "mixup": MixUp(weight=0.3, deep=0.5),
    "mixkd": MixUp(alpha=0.4, rotation=3, hard=0.5, name="mixkd"),
    "tmix": TMix(),
    "fgsm": FGSM(epsilon=0.5),
    "fgsm_random": FGSM(epsilon=0.5, direction="random", hard=1.0, name="fgsm_random"),
    "pga": PGA(radius=0.5, step_size=0.5, steps=2),
    "pga_random": PGA(radius=0.5, start="random", adversary="hard", name="pga_random"),
    "augpro_mix": augpro_mix(rotation=2),
    "augpro_fgsm": augpro_fgsm(epsilon=2.5),
    "augpro_pga": augpro_pga(radius=2.5),
    "knn": KNN(degree=0.4, k=4),
    "eda": EDA(degree=0.4, alpha_sr=0.0, alpha_ri=0.0),
    "random_replacement": RandomReplacement(degree=0.4),
    "random_generation": RandomGeneration(),
}


def with_variants(folder, examples):
    """Gives all methods, that of variants from a file too: two for each second example."""
    rows = [
        {"id": i, "text": text}
        for i in range(0, len(examples), 2)
        for text in ("the film was fun", f"{examples.text_a[i]} and dull")
    ]
    write_rows(folder / "variants.csv", rows)
    return EVERY_METHOD | {"variants": Variants(str(folder / "variants.csv"))}
