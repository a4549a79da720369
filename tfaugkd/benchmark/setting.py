"""The models and the texts that a benchmark runs with."""

from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import keras_hub
import numpy as np

from tfaugkd.benchmark.config import RANDOM, BenchmarkConfig, SizeConfig
from tfaugkd.benchmark.floor import Shapes
from tfaugkd.classifier import SplitClassifier, read_tokens
from tfaugkd.data import load_split
from tfaugkd.data.batches import training_batches
from tfaugkd.data.examples import Examples
from tfaugkd.data.numbered_batches import NumberedBatches
from tfaugkd.data.tokenisation import tokenise
from tfaugkd.model_fit import check_fit, check_length
from tfaugkd.prediction import predict_logits
from tfaugkd.presets import load_classifier
from tfaugkd.saved_model import ModelFacts, load_model
from tfaugkd.student import build_student

_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


class Setting:
    """Two models and texts; all that is timed shares them.

    Args:
        config: Says which.

    Raises:
        InputError: A model or data that cannot be used; see the sentences.
    """

    def __init__(self, config: BenchmarkConfig) -> None:
        keras.utils.set_random_seed(config.seed)
        self.config = config
        self.sequence_length = config.data.sequence_length
        facts = None
        if config.teacher == RANDOM:
            words = made_up_words(config.size)
            texts = made_up_texts(words, config)
            self.examples, classifier = texts, random_classifier(words, config)
        else:
            self.examples = load_split(config.data, "train")
            classifier, facts = _load(config.teacher, max(1, len(self.examples.label_names)))
        self.teacher = SplitClassifier(classifier)
        check_fit("teacher", self.teacher, facts, self.examples)
        check_length("teacher", self.teacher, self.sequence_length)
        self.student = self.new_student()
        check_length("student", self.student, self.sequence_length)

    def new_student(self) -> SplitClassifier:
        """Builds the student, with the same weights each time."""
        config = self.config
        return build_student(self.teacher, config.student, self.teacher.num_classes, config.seed)

    def batches(self, model: SplitClassifier, *args: Any, **kwargs: Any) -> NumberedBatches:
        """Gives the texts in batches, as a run reads them.

        Args:
            model: Whose tokenizer reads them.
            *args: As for `training_batches`, from its augmentations on.
            **kwargs: The same.

        Returns:
            The batches.
        """
        shape = (self.config.batch_size, self.sequence_length)
        preprocessor = model.classifier.preprocessor
        return training_batches(self.examples, preprocessor, *shape, *args, **kwargs)

    @cached_property
    def teacher_logits(self) -> np.ndarray:
        """The teacher's answers to all texts, `[N, C]`."""
        return predict_logits(
            self.teacher, self.examples, self.sequence_length, self.config.batch_size
        )

    @cached_property
    def shapes(self) -> Shapes:
        """The shapes of a batch."""
        rows = tokenise(self.student.classifier.preprocessor, self.examples, self.sequence_length)
        tokens = read_tokens(rows)
        is_text = self.student.vocabulary.is_text(tokens.token_ids).numpy()
        batch_size = self.config.batch_size
        return Shapes(batch_size, self.sequence_length, is_text.sum(1).mean() * batch_size)


def _load(
    teacher: str, num_classes: int
) -> tuple[keras_hub.models.TextClassifier, ModelFacts | None]:
    """Loads a trained classifier from a folder as it is, and anything else with a new head."""
    if Path(teacher).is_dir():
        return load_model(teacher)
    return load_classifier(teacher, num_classes), None


def made_up_words(size: SizeConfig) -> list[str]:
    """Makes the words of a vocabulary with so many tokens."""
    return [f"w{number}" for number in range(size.vocabulary - len(_SPECIALS))]


def made_up_texts(words: list[str], config: BenchmarkConfig) -> Examples:
    """Makes texts of drawn words, each as long as the batches are."""
    random = np.random.default_rng(config.seed)
    count = config.data.train_examples or 512
    drawn = random.integers(len(words), size=(count, config.data.sequence_length - 2))
    return Examples(
        text_a=[" ".join(words[place] for place in row) for row in drawn],
        text_b=None,
        labels=random.integers(2, size=count).astype(np.int32),
        ids=[str(number) for number in range(count)],
        label_names=("0", "1"),
    )


def random_classifier(
    words: list[str], config: BenchmarkConfig
) -> keras_hub.models.BertTextClassifier:
    """Builds a BERT of any size with random weights, which reads made-up words."""
    size = config.size
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=[*_SPECIALS, *words])
    length = config.data.sequence_length
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=size.vocabulary,
        num_layers=size.layers,
        num_heads=size.heads,
        hidden_dim=size.width,
        intermediate_dim=size.inner,
        max_sequence_length=length,
    )
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor(
        tokenizer, sequence_length=length
    )
    return keras_hub.models.BertTextClassifier(backbone, num_classes=2, preprocessor=preprocessor)
