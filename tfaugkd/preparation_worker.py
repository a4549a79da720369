"""What a worker does with one part of the texts: read, augment, tokenise, answer, write."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfaugkd.classifier import SplitClassifier
from tfaugkd.data.examples import Examples
from tfaugkd.data.shards.manifest import Shard, Tokenised
from tfaugkd.data.shards.records import encoded, labels_of, parts_of
from tfaugkd.data.shards.writing import write_shard
from tfaugkd.data.tasks import Task
from tfaugkd.data.tokenisation import text_lengths, tokenise
from tfaugkd.data.variants import add_variants
from tfaugkd.model_fit import check_fit, check_length
from tfaugkd.offline import variants_of
from tfaugkd.prediction import predict_logits
from tfaugkd.preparation_config import PrepareConfig
from tfaugkd.preparation_parts import Part, read_part
from tfaugkd.saved_model import load_model, load_model_or_preset
from tfaugkd.tokenizer_comparison import same_vocabulary, tokenizer_fingerprint


@dataclass(frozen=True)
class Work:
    """What every worker is told, wherever it runs.

    Args:
        config: The job.
        task: The task, whose classes are known.
        texts: About how many texts there are, by which a degree may go.
    """

    config: PrepareConfig
    task: Task
    texts: int


class Worker:
    """Makes shards, one after the other; the models are loaded once.

    Args:
        work: What it is told.

    Raises:
        InputError: A model cannot be loaded, or does not fit the data.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        config = work.config
        names = work.task.label_names
        classifier, _ = load_model_or_preset(config.model, max(1, len(names)))
        self.model = SplitClassifier(classifier)
        check_length("model", self.model, config.data.sequence_length)
        self.teacher: SplitClassifier | None = None
        # The teacher, where its vocabulary is another one.
        self.stranger: SplitClassifier | None = None
        if config.teacher is not None:
            classifier, facts = load_model(config.teacher)
            self.teacher = SplitClassifier(classifier)
            check_fit("teacher", self.teacher, facts, self._sample)
            check_length("teacher", self.teacher, config.data.sequence_length)
            if not same_vocabulary(self.teacher, self.model):
                self.stranger = self.teacher

    @property
    def _sample(self) -> Examples:
        """One text or pair, of which nothing is known but its kind."""
        task, config = self.work.task, self.work.config
        text_b = None if task.text_b is None else ["b"]
        return Examples(
            ["a"], text_b, label_names=task.label_names, protect=tuple(config.data.protect)
        )

    def tokenised(self) -> tuple[Tokenised, Tokenised | None]:
        """Says how the tokens are stored: the student's, and the teacher's if they are others."""
        others = None if self.stranger is None else self._tokenised(self.stranger)
        return self._tokenised(self.model), others

    def _tokenised(self, model: SplitClassifier) -> Tokenised:
        tokenizer = model.classifier.preprocessor.tokenizer
        parts = parts_of(self._tokens(model, self._sample))
        return Tokenised(tokenizer_fingerprint(tokenizer), parts, model.vocabulary.padding)

    def write(self, part: Part) -> Shard:
        """Makes the shard of one part.

        Args:
            part: The part.

        Returns:
            The shard, which is written.

        Raises:
            InputError: A row that cannot be used, or a disk that cannot be written to.
        """
        config = self.work.config
        examples = self._augmented(part, read_part(part, config.data, self.work.task))
        logits = None
        if self.teacher is not None:
            length = config.data.sequence_length
            logits = predict_logits(self.teacher, examples, length, config.batch_size)
        tokens = self._tokens(self.model, examples)
        others = None if self.stranger is None else self._tokens(self.stranger, examples)
        records = encoded(examples, tokens, others, logits)
        lengths = text_lengths(tokens, others)
        return write_shard(config.output, part.name, records, labels_of(examples), lengths)

    def _augmented(self, part: Part, examples: Examples) -> Examples:
        config = self.work.config
        if not config.augment:
            return examples
        seed = int(np.random.SeedSequence([config.seed, part.number]).generate_state(1)[0])
        made = variants_of(
            *(config, examples, self.work.task.texts, self._embedding, seed, self.work.texts),
            verbose=0,
        )
        return add_variants(examples, _examples_of(made, examples))

    def _embedding(self) -> SplitClassifier:
        return self.teacher or self.model

    def _tokens(self, model: SplitClassifier, examples: Examples) -> dict[str, Any]:
        length = self.work.config.data.sequence_length
        return tokenise(model.classifier.preprocessor, examples, length)


def _examples_of(made: Sequence[Sequence[tuple[str, ...]]], originals: Examples) -> Examples:
    """Lists variants as texts with their originals' ids."""
    texts = [(originals.ids[place], each) for place, of_one in enumerate(made) for each in of_one]
    text_b = None if originals.text_b is None else [each[1] for _, each in texts]
    return Examples([each[0] for _, each in texts], text_b, ids=[name for name, _ in texts])
