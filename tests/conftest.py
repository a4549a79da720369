"""Tiny models with random weights, made in milliseconds, and a task that they can learn."""

import gc
import io
import logging
import os
import threading
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from types import SimpleNamespace

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# Tiny models take long to compile and no time to run.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import keras
import keras_hub
import numpy as np
import pytest
import sentencepiece
import tensorflow as tf
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tfaugkd.augment.eda import EDA
from tfaugkd.augment.knn import KNN
from tfaugkd.augment.method import Batch, Models
from tfaugkd.augment.random_generation import RandomGeneration
from tfaugkd.augment.random_replacement import RandomReplacement
from tfaugkd.classifier import SplitClassifier, Tokens
from tfaugkd.command_line import main
from tfaugkd.config import Objective
from tfaugkd.data.batches import training_batches
from tfaugkd.data.examples import Examples
from tfaugkd.data.files import write_rows
from tfaugkd.data.inputs import read_inputs
from tfaugkd.data.shards.manifest import Manifest, Tokenised, write_manifest
from tfaugkd.data.shards.prepared_examples import read_prepared
from tfaugkd.data.shards.records import encoded, labels_of, parts_of
from tfaugkd.data.shards.writing import write_shard
from tfaugkd.data.tokenisation import text_lengths, tokenise
from tfaugkd.distiller import Distiller
from tfaugkd.enc_t5 import EncT5Backbone, EncT5TextClassifier, EncT5TextClassifierPreprocessor
from tfaugkd.errors import InputError
from tfaugkd.losses import label_targets
from tfaugkd.projection import unit_rows
from tfaugkd.tokenizer_comparison import tokenizer_fingerprint

# Four devices, for the tests with replicas; everything else runs on the first.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 4
)

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "[unused0]",
    "[unused1]",
    "good",
    "great",
    "bad",
    "awful",
    "the",
    "a",
    "film",
    "movie",
    "was",
    "is",
    "very",
    "plot",
    "actor",
    "scene",
    "and",
    "but",
    "with",
    "it",
    "un",
    "##likely",
    "##ly",
    "##s",
    "fun",
    "dull",
    "happy",
    "sad",
    ".",
    ",",
    "!",
    "?",
]
# The embedding table has two rows that no token of the tokenizer stands for.
ROWS = len(WORDS) + 2
LENGTH = 12


# The files that take longest. Begun last, they would leave one of two processes with nothing to do.
LONGEST = [
    *("test_reproduce", "test_comparison", "test_replicas", "test_multiworker", "test_killed_run"),
    *("test_sweep", "test_strategy", "test_benchmark", "test_lowering", "test_exact_resume"),
]


def pytest_collection_modifyitems(items):
    """Begins with what takes longest."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONGEST)))


def pytest_collection_finish():
    """Spares the collector what was imported, which tracing would have it look through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def randomise(model, seed, scale=0.4):
    """Gives every weight a value far from Keras' tiny ones, so that a wrong path shows."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        if "seed_generator" in weight.path:
            continue
        # T5 calls the scale of its layer norms a weight.
        around = 1.0 if weight.path.endswith(("gamma", "/weight")) else 0.0
        weight.assign(around + random.normal(scale=scale, size=weight.shape))
    return model


def wordpiece(kind, words=WORDS, lowercase=True):
    return kind(vocabulary=list(words), lowercase=lowercase)


def bert(layers=2, num_classes=2, seed=0, dropout=0.0, words=WORDS, rows=None, width=8, scale=0.4):
    """A BertTextClassifier of width 8 with two heads."""
    keras.utils.set_random_seed(seed)
    tokenizer = wordpiece(keras_hub.models.BertTokenizer, words)
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=rows or len(words) + 2,
        num_layers=layers,
        num_heads=2,
        hidden_dim=width,
        intermediate_dim=16,
        dropout=dropout,
        max_sequence_length=16,
    )
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor(
        tokenizer, sequence_length=LENGTH
    )
    classifier = keras_hub.models.BertTextClassifier(
        backbone, num_classes=num_classes, preprocessor=preprocessor, dropout=dropout
    )
    return randomise(classifier, seed, scale)


def distil_bert(layers=2, num_classes=2, seed=0, dropout=0.0):
    keras.utils.set_random_seed(seed)
    tokenizer = wordpiece(keras_hub.models.DistilBertTokenizer)
    backbone = keras_hub.models.DistilBertBackbone(
        vocabulary_size=ROWS,
        num_layers=layers,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        dropout=dropout,
        max_sequence_length=16,
    )
    preprocessor = keras_hub.models.DistilBertTextClassifierPreprocessor(
        tokenizer, sequence_length=LENGTH
    )
    classifier = keras_hub.models.DistilBertTextClassifier(
        backbone, num_classes=num_classes, preprocessor=preprocessor, hidden_dim=8, dropout=dropout
    )
    return randomise(classifier, seed)


def byte_pairs(specials=("<s>", "<pad>", "</s>", "<unk>")):
    """Letters, and merges that make "good", "bad" and "film" out of them, a space before them."""
    merges = ["g o", "o d", "go od", "b a", "ba d", "f i", "l m", "fi lm"]
    merges += ["Ġ good", "Ġ bad", "Ġ film"]
    letters = "Ġabcdefghijklmnopqrstuvwxyz.,!?"
    tokens = [*specials, *letters, *("".join(pair.split()) for pair in merges), "<mask>"]
    return {token: i for i, token in enumerate(tokens)}, merges


def roberta(layers=2, num_classes=2, seed=0, dropout=0.0):
    keras.utils.set_random_seed(seed)
    vocabulary, merges = byte_pairs()
    tokenizer = keras_hub.models.RobertaTokenizer(vocabulary=vocabulary, merges=merges)
    backbone = keras_hub.models.RobertaBackbone(
        vocabulary_size=len(vocabulary),
        num_layers=layers,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        dropout=dropout,
        max_sequence_length=16,
    )
    preprocessor = keras_hub.models.RobertaTextClassifierPreprocessor(
        tokenizer, sequence_length=LENGTH
    )
    classifier = keras_hub.models.RobertaTextClassifier(
        backbone, num_classes=num_classes, preprocessor=preprocessor, hidden_dim=8, dropout=dropout
    )
    return randomise(classifier, seed)


@cache
def sentence_pieces(**pieces):
    """A SentencePiece model whose pieces are the words of the tiny vocabulary."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(WORDS[7:]),
        model_writer=model,
        model_type="word",
        vocab_size=100,
        hard_vocab_limit=False,
        minloglevel=2,
        **pieces,
    )
    return model.getvalue()


def bracketed_pieces(pad, unknown):
    """A SentencePiece model with the specials of ALBERT and DeBERTa."""
    return sentence_pieces(
        pad_id=0,
        unk_id=1,
        bos_id=2,
        eos_id=3,
        pad_piece=pad,
        unk_piece=unknown,
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        user_defined_symbols="[MASK]",
    )


def albert(layers=2, num_classes=2, seed=0, dropout=0.0, groups=1, inner=1):
    """An AlbertTextClassifier whose word embeddings are narrower than its states."""
    keras.utils.set_random_seed(seed)
    tokenizer = keras_hub.models.AlbertTokenizer(proto=bracketed_pieces("<pad>", "<unk>"))
    backbone = keras_hub.models.AlbertBackbone(
        vocabulary_size=tokenizer.vocabulary_size(),
        num_layers=layers,
        num_groups=groups,
        num_inner_repetitions=inner,
        num_heads=2,
        embedding_dim=4,
        hidden_dim=8,
        intermediate_dim=16,
        dropout=dropout,
        max_sequence_length=16,
    )
    preprocessor = keras_hub.models.AlbertTextClassifierPreprocessor(
        tokenizer, sequence_length=LENGTH
    )
    classifier = keras_hub.models.AlbertTextClassifier(
        backbone, num_classes=num_classes, preprocessor=preprocessor, dropout=dropout
    )
    return randomise(classifier, seed)


def deberta(layers=2, num_classes=2, seed=0, dropout=0.0):
    keras.utils.set_random_seed(seed)
    tokenizer = keras_hub.models.DebertaV3Tokenizer(proto=bracketed_pieces("[PAD]", "[UNK]"))
    backbone = keras_hub.models.DebertaV3Backbone(
        vocabulary_size=tokenizer.vocabulary_size(),
        num_layers=layers,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        dropout=dropout,
        max_sequence_length=16,
        bucket_size=4,
    )
    preprocessor = keras_hub.models.DebertaV3TextClassifierPreprocessor(
        tokenizer, sequence_length=LENGTH
    )
    classifier = keras_hub.models.DebertaV3TextClassifier(
        backbone, num_classes=num_classes, preprocessor=preprocessor, hidden_dim=8, dropout=dropout
    )
    return randomise(classifier, seed)


def t5_tokenizer():
    pieces = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1, "pad_piece": "<pad>"}
    return keras_hub.models.T5Tokenizer(proto=sentence_pieces(**pieces))


def enc_t5(layers=2, num_classes=2, seed=0, dropout=0.0, pooling="decoder"):
    """An EncT5TextClassifier whose heads are not as wide as D / H, as in T5 1.1 small."""
    keras.utils.set_random_seed(seed)
    tokenizer = t5_tokenizer()
    backbone = EncT5Backbone(
        vocabulary_size=tokenizer.vocabulary_size(),
        num_layers=layers,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        key_value_dim=3,
        dropout=dropout,
        activation="gelu",
        pooling=pooling,
    )
    preprocessor = EncT5TextClassifierPreprocessor(tokenizer, sequence_length=LENGTH)
    classifier = EncT5TextClassifier(
        backbone, num_classes=num_classes, preprocessor=preprocessor, dropout=dropout
    )
    return randomise(classifier, seed)


def enc_t5_mean(**options):
    return enc_t5(pooling="mean", **options)


FAMILIES = {
    "bert": bert,
    "distil_bert": distil_bert,
    "roberta": roberta,
    "albert": albert,
    "deberta": deberta,
    "enc_t5": enc_t5,
    "enc_t5_mean": enc_t5_mean,
}


def ids(text, words=WORDS, length=LENGTH):
    """Reads tokens of the tiny vocabulary, written with blanks between them, and pads them."""
    tokens = text.split()
    row = [words.index(token) for token in tokens]
    return row + [0] * (length - len(row))


def tokens_of(*texts, length=LENGTH):
    """Makes a batch of BERT's tokens; what stands behind the first [SEP] is the second segment."""
    rows = np.array([ids(text, length=length) for text in texts], np.int32)
    seps = np.cumsum(rows == WORDS.index("[SEP]"), axis=1)
    mask = (rows != 0).astype(np.int32)
    behind = np.concatenate([np.zeros((len(rows), 1), int), seps[:, :-1]], axis=1) > 0
    return Tokens(*(tf.constant(part) for part in (rows, (behind * mask).astype(np.int32), mask)))


def text_of(row):
    """Writes ids of the tiny vocabulary as tokens, without the padding at the end."""
    tokens = [WORDS[i] for i in np.asarray(row)]
    while tokens and tokens[-1] == "[PAD]":
        tokens.pop()
    return " ".join(tokens)


def classified(classifier, tokens, training=False):
    """Calls a classifier in the way that Keras does, without tfaugkd."""
    x = {"token_ids": tokens.token_ids, "padding_mask": tokens.padding_mask}
    if "segment_ids" in classifier.input:
        x["segment_ids"] = tokens.segment_ids
    return classifier(x, training=training)


def clean(tokens, labels=None, gradients=None):
    """Makes what an augmentation is called with, for two models of one vocabulary."""
    labels = np.arange(tokens.token_ids.shape[0]) % 2 if labels is None else labels
    targets = label_targets(tf.constant(labels), 2)
    return Batch(tokens, tokens, targets, None if gradients is None else tf.constant(gradients))


def both(teacher, student):
    return Models(teacher, student, unit_rows(tf.convert_to_tensor(teacher.table)))


def jitted(method, models):
    """Compiles a call of a method, once for every batch."""
    return tf.function(lambda batch, draws: method(batch, draws, models), jit_compile=True)


def eight(examples, model, start=0):
    """Gives the tokens of eight examples, without tf.data."""
    some = examples.take(range(start, start + 8))
    texts = (some.text_a, some.text_b) if some.text_b else some.text_a
    preprocessor = model.classifier.preprocessor
    preprocessor.sequence_length = LENGTH
    return read_inputs(preprocessor(texts, y=None)).student


def sentiment(count, seed=0, pairs=False):
    """Texts of filler words with one that gives the label away: good, great or bad, awful."""
    random = np.random.default_rng(seed)
    filler = [
        "the",
        "a",
        "film",
        "movie",
        "was",
        "is",
        "very",
        "plot",
        "actor",
        "scene",
        "and",
        "but",
        "with",
        "it",
        "unlikely",
    ]
    texts, labels = [], []
    for _ in range(count):
        label = int(random.integers(2))
        words = list(random.choice(filler, size=random.integers(2, 7)))
        word = random.choice(["good", "great"] if label else ["bad", "awful"])
        words.insert(random.integers(len(words) + 1), word)
        texts.append(" ".join(words))
        labels.append(label)
    second = list(random.choice(filler, size=count)) if pairs else None
    return Examples(
        text_a=texts,
        text_b=second,
        labels=np.array(labels, np.int32),
        ids=[str(i) for i in range(count)],
        label_names=("negative", "positive"),
    )


def store(folder, examples, model, size=16, teacher=None, logits=None, **facts):
    """Writes examples as shards, as `tfaugkd prepare` does, and opens them."""
    folder.mkdir(exist_ok=True)
    preprocessors = [each and each.preprocessor for each in (model, teacher)]
    shards = []
    for start in range(0, len(examples), size):
        some = examples.take(range(start, min(start + size, len(examples))))
        tokens = [each and tokenise(each, some, LENGTH) for each in preprocessors]
        answers = None if logits is None else logits[start : start + size]
        records = encoded(some, *tokens, answers)
        name = f"train-{len(shards):05d}"
        columns = (labels_of(some), text_lengths(*tokens))
        shards.append(write_shard(folder, name, records, *columns))
    stored = [
        each
        and Tokenised(
            tokenizer_fingerprint(each.tokenizer),
            parts_of(tokenise(each, examples.take([0]), LENGTH)),
            each.tokenizer.pad_token_id,
        )
        for each in preprocessors
    ]
    known = {"task": "custom", "augmented": False, "answered_by": None} | facts
    of_texts = (examples.label_names, examples.pair, LENGTH, examples.protect)
    names = ("label_names", "pair", "sequence_length", "protect", "student", "teacher", "shards")
    values = (*of_texts, *stored, tuple(shards))
    write_manifest(folder, Manifest(**known, **dict(zip(names, values, strict=True))))
    return read_prepared(folder)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Leaves nothing in the cache of whoever runs the tests, and finds nothing there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def stranger():
    """A student whose vocabulary lists the same words in another order."""
    return SplitClassifier(bert(layers=1, words=[*WORDS[:7], *WORDS[:6:-1]]))


@pytest.fixture(scope="session")
def teacher():
    """A BERT of three layers; its weights are never to change."""
    return SplitClassifier(bert(layers=3, seed=1))


@pytest.fixture(scope="session")
def student():
    """A BERT of two layers; for tests that do not train it."""
    return SplitClassifier(bert(layers=2, seed=2))


@pytest.fixture(scope="session")
def token_history():
    """The history of a student that learns from four methods that replace tokens, at once."""
    methods = [
        KNN(degree=0.4, k=4),
        EDA(degree=0.4, alpha_sr=0.0, alpha_ri=0.0),
        RandomReplacement(degree=0.4, hard=0.1),
        RandomGeneration(),
    ]
    master, pupil = bert(layers=1, seed=1), bert(layers=1, seed=2)
    distiller = Distiller(master, pupil, Objective(hard=0.0), methods)
    distiller.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    data = training_batches(sentiment(64), pupil.preprocessor, 8, LENGTH, methods)
    return distiller.fit(data, epochs=2, steps_per_epoch=30, verbose=0).history


@pytest.fixture(scope="session")
def examples():
    """Forty learnable texts: a whole number of batches of 8."""
    return sentiment(40)


@pytest.fixture(scope="session")
def pairs():
    """Twenty-four learnable pairs of texts."""
    return sentiment(24, seed=3, pairs=True)


def command(*arguments):
    """Runs `tfaugkd`; gives its exit status, its standard output and its standard error."""
    logger = logging.getLogger("tfaugkd")
    handlers, level = logger.handlers, logger.level
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main([str(argument) for argument in arguments])
    logger.handlers = handlers
    logger.setLevel(level)
    return status, out.getvalue(), err.getvalue()


def complaint(*arguments):
    """Runs a command that must be refused in one line, and gives that line."""
    status, out, err = command(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("tfaugkd: error: ")
    assert err.count("\n") == 1
    return err.removeprefix("tfaugkd: error: ").rstrip("\n")


def scalars_of(folder):
    """Reads the event files of a folder: for each tag its steps and values."""
    accumulator = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    accumulator.Reload()
    return {
        tag: [
            (event.step, float(np.frombuffer(event.tensor_proto.tensor_content, np.float32)[0]))
            for event in accumulator.Tensors(tag)
        ]
        for tag in accumulator.Tags()["tensors"]
    }


def write_yaml(path, **keys):
    """Writes a config; gives the options that read it."""
    path.write_text(yaml.safe_dump(keys))
    return "--config", str(path)


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """The keys under `data` for files with the task that `sentiment` makes, one in each format."""
    folder = tmp_path_factory.mktemp("data")
    splits = {"train.csv": (160, 0), "dev.tsv": (64, 1), "test.jsonl": (100, 2)}
    keys = {"task": "custom", "label_names": ["negative", "positive"], "sequence_length": LENGTH}
    for name, (count, seed) in splits.items():
        examples = sentiment(count, seed)
        rows = [
            {"text": text, "label": examples.label_names[label]}
            for text, label in zip(examples.text_a, examples.labels, strict=True)
        ]
        write_rows(folder / name, rows)
        keys[f"{name.partition('.')[0]}_file"] = str(folder / name)
    return keys


@pytest.fixture
def on_three_hosts(monkeypatch):
    """Calls a function with a strategy and a number on three hosts, which are threads.

    What it gives, or raises, comes back as a list. What hosts tell each other is added up.
    """
    meeting, held = threading.Barrier(3, timeout=30), {}

    def added(host, numbers):
        held[host.number] = numbers
        meeting.wait()
        total = sum(held.values())
        meeting.wait()
        return total

    monkeypatch.setattr("tfaugkd.hosts.host_of", lambda host: (host.number, 3))
    monkeypatch.setattr("tfaugkd.hosts.across_hosts", lambda host: True)
    monkeypatch.setattr("tfaugkd.hosts._added", added)

    def run(function):
        found = [None] * 3

        def one(number):
            try:
                found[number] = function(SimpleNamespace(number=number), number)
            except InputError as error:
                found[number] = error

        threads = [threading.Thread(target=one, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return found

    return run


@pytest.fixture(scope="session")
def preset(tmp_path_factory):
    """A folder with an encoder that has learned nothing yet."""
    folder = tmp_path_factory.mktemp("preset") / "bert"
    bert(layers=2, seed=1, width=16, scale=0.3).save_to_preset(str(folder))
    return str(folder)


@pytest.fixture(scope="session")
def teacher_output(data, preset, tmp_path_factory):
    """What `tfaugkd teacher` makes of the encoder: a teacher that answers well."""
    folder = tmp_path_factory.mktemp("teacher")
    output = str(folder / "output")
    train = {"steps": 100, "batch_size": 8, "learning_rate": 0.01, "jit_compile": False}
    output = folder / "output"
    config = write_yaml(
        folder / "a.yaml", data=data, preset=preset, train=train, output=str(output)
    )
    status, _, err = command("teacher", *config)
    assert status == 0, err
    return Path(output)
