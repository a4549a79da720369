"""Prepares a corpus by Beam and streams an epoch of it, counting every text and the memory.

Usage: python docs/examples/corpus_beyond_memory.py --texts 1000000 --folder outputs/corpus

The number of each text is written out in digits inside the text, so that the texts are counted by
the tokens that a student would read.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from tfaugkd.data import load_train
from tfaugkd.data.batches import training_batches
from tfaugkd.data.shards.prepared_examples import PreparedExamples
from tfaugkd.data_config import DataConfig
from tfaugkd.preparation import prepare
from tfaugkd.preparation_config import PrepareConfig
from tfaugkd.saved_model import load_model_or_preset

DIGITS = 7
BATCH_SIZE = 512
LENGTH = 32
FILLER = ("the", "film", "was", "a", "very", "good", "one", "and", "plot", "but", "with", "an")


def texts(count: int) -> Iterator[str]:
    """Gives lines of JSON whose texts begin with their number in digits.

    Args:
        count: How many.

    Yields:
        The lines.
    """
    for number in range(count):
        digits = " ".join(f"{number:0{DIGITS}d}")
        words = " ".join(FILLER[(number * 7 + place) % len(FILLER)] for place in range(12))
        yield f'{{"text": "{digits} {words}", "label": {number % 2}}}\n'


def numbers_of(token_ids: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Reads the texts' numbers back from their tokens.

    Args:
        token_ids: int32 `[B, S]`.
        digits: The ids of the tokens 0 to 9.

    Returns:
        int64 `[B]`.
    """
    places = np.argsort(digits)
    read = places[np.searchsorted(digits[places], token_ids[:, 1 : DIGITS + 1])]
    return read @ 10 ** np.arange(DIGITS - 1, -1, -1)


def stream(config: DataConfig, model: str) -> np.ndarray:
    """Counts how often each text comes in one epoch of the input pipeline.

    Args:
        config: The prepared data.
        model: Whose tokenizer read them.

    Returns:
        int64 `[N]`; 1 for each, if none is lost and none comes twice.
    """
    examples = load_train(config)
    assert isinstance(examples, PreparedExamples), "it is prepared"
    preprocessor = load_model_or_preset(model, 2)[0].preprocessor
    digits = np.array([preprocessor.tokenizer.token_to_id(str(digit)) for digit in range(10)])
    batches = training_batches(examples, preprocessor, BATCH_SIZE, config.sequence_length)
    counts = np.zeros(len(examples), np.int64)
    whole, rest = divmod(len(examples), BATCH_SIZE)
    for number, (x, *_) in enumerate(batches.take(whole + bool(rest)).as_numpy_iterator()):
        # The last batch goes on with the next epoch.
        token_ids = x["token_ids"][: rest if number == whole else BATCH_SIZE]
        np.add.at(counts, numbers_of(token_ids, digits), 1)
    return counts


def peak_memory() -> float:
    """Gives the most memory that this process has held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def main() -> None:
    """Writes the corpus, prepares it, streams it, and prints what that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("outputs/corpus"))
    parser.add_argument("--model", default="packaged")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    source, prepared = given.folder / "corpus.jsonl", str(given.folder / "prepared")
    with source.open("w") as file:
        file.writelines(texts(given.texts))
    began = time.perf_counter()
    config = DataConfig("custom", train_file=str(source), sequence_length=LENGTH)
    prepare(PrepareConfig(prepared, config, given.model, overwrite=True))
    print(f"{time.perf_counter() - began:.0f} s, at most {peak_memory():.2f} GB")
    began = time.perf_counter()
    counts = stream(replace(config, prepared=prepared), given.model)
    seconds = time.perf_counter() - began
    print(
        f"Streamed {counts.sum()} texts in {seconds:.0f} s, {(counts == 0).sum()} lost, "
        f"{(counts > 1).sum()} doubled, at most {peak_memory():.2f} GB"
    )


if __name__ == "__main__":
    main()
