"""Numbers in here without a comment are what torch_reference.py prints."""

import json
import logging

import numpy as np
import pytest
import tensorflow as tf
from checkpoints import (
    BYTES,
    MERGES,
    PADDING_MASK,
    PIECES,
    SEGMENT_IDS,
    TOKEN_IDS,
    random_weights,
    write_checkpoint,
)
from conftest import LENGTH, command, complaint, write_yaml
from safetensors.numpy import save_file

from tfaugkd.activation import activation_of, set_activation
from tfaugkd.classifier import Hidden, SplitClassifier, Tokens
from tfaugkd.data.examples import Examples
from tfaugkd.errors import InputError
from tfaugkd.hugging_face import label_names_of, load_checkpoint
from tfaugkd.losses import hard_loss
from tfaugkd.model_fit import check_fit
from tfaugkd.presets import load_classifier, student_from_teacher
from tfaugkd.saved_model import ModelFacts, load_model, save_model

LOGITS = {
    "bert": [
        [0.9168041348457336, 0.6557119488716125, -0.6741000413894653],
        [0.7668941020965576, 0.818510115146637, -0.07859599590301514],
    ],
    "distilbert": [
        [-0.8769893646240234, 1.1081794500350952],
        [-0.223456472158432, 1.6598402261734009],
    ],
    "roberta": [[0.8526771068572998], [0.9412893652915955]],
}
TEXTS = {
    "bert": ["Unlikely films, the CAFÉ!", "Good bad a naïve café"],
    "roberta": ["the good film, good!", "good bad, a naive cafe"],
}
PAIRS = {
    "bert": ("the film was good", "a bad café"),
    "roberta": ("the film was good", "a bad film"),
}
IDS = {
    "bert": [
        [2, 10, 11, 8, 12, 15, 7, 13, 16, 3],
        [2, 5, 6, 14, 1, 13, 3],
        [2, 7, 8, 9, 5, 3, 14, 6, 13, 3],
    ],
    "roberta": [
        [0, 24, 12, 9, 38, 4, 10, 13, 16, 17, 32, 38, 33, 2],
        [0, 37, 4, 6, 5, 8, 32, 4, 5, 4, 18, 5, 13, 26, 9, 4, 7, 5, 10, 9, 2],
        [
            *(0, 24, 12, 9, 4, 10, 13, 16, 17, 4, 27, 5, 23, 38, 2),
            *(2, 5, 4, 6, 5, 8, 4, 10, 13, 16, 17, 2),
        ],
    ],
}
KINDS = ("bert", "distilbert", "roberta")
TOKENS = Tokens(*(tf.constant(rows, tf.int32) for rows in (TOKEN_IDS, SEGMENT_IDS, PADDING_MASK)))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    parent = tmp_path_factory.mktemp("checkpoints")
    return {kind: write_checkpoint(parent / kind, kind) for kind in KINDS}


@pytest.fixture(scope="module")
def models(folders):
    return {kind: SplitClassifier(load_checkpoint(folder)) for kind, folder in folders.items()}


def refusal(folder, num_classes=None):
    with pytest.raises(InputError) as refused:
        load_classifier(str(folder), num_classes)
    message = str(refused.value)
    assert "\n" not in message
    return message


def cut(preprocessor, texts):
    """Gives the ids that texts (a list), or pairs of texts (two lists), are cut into."""
    found = preprocessor(texts, y=None)
    rows = zip(np.asarray(found["token_ids"]), np.asarray(found["padding_mask"]), strict=True)
    return [ids[mask.astype(bool)].tolist() for ids, mask in rows]


@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_pytorchs(models, kind):
    assert np.abs(models[kind].logits(TOKENS) - np.array(LOGITS[kind])).max() < 1e-5
    assert np.abs(models[kind].compiled_logits(TOKENS) - np.array(LOGITS[kind])).max() < 1e-5


def test_roberta_counts_positions_by_its_padding(models):
    """PyTorch's RoBERTa finds padding by its token; ours by the mask, whatever stands there."""
    ids = np.where(PADDING_MASK, TOKEN_IDS, 1)
    found = models["roberta"].logits(TOKENS._replace(token_ids=tf.constant(ids, tf.int32)))
    assert np.abs(found - np.array(LOGITS["roberta"])).max() < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_cut_as_hugging_face_cuts_them(models, kind):
    family = "roberta" if kind == "roberta" else "bert"
    own = models[kind].classifier.preprocessor
    own.sequence_length = 32
    *single, pair = IDS[family]
    assert cut(own, TEXTS[family]) == single
    assert cut(own, tuple([text] for text in PAIRS[family])) == [pair]


@pytest.mark.parametrize("kind", KINDS)
def test_a_tokenizer_in_one_file_is_the_same(models, tmp_path, kind):
    folder = write_checkpoint(tmp_path / kind, kind)
    for name in ("vocab.txt", "tokenizer_config.json", "vocab.json", "merges.txt"):
        (folder / name).unlink(missing_ok=True)
    assert "has no tokenizer: neither vocab." in refusal(folder)
    model = {"vocab": {token: number for number, token in reversed([*enumerate(PIECES)])}}
    if kind == "roberta":
        vocabulary = {token: number for number, token in enumerate(BYTES)}
        model = {"vocab": vocabulary, "merges": [pair.split() for pair in MERGES]}
    normalizer = {"type": "BertNormalizer", "lowercase": True, "strip_accents": None}
    (folder / "tokenizer.json").write_text(json.dumps({"model": model, "normalizer": normalizer}))
    own = load_checkpoint(folder).preprocessor
    own.sequence_length = 32
    family = "roberta" if kind == "roberta" else "bert"
    assert cut(own, TEXTS[family]) == IDS[family][:2]


def test_accents_and_capitals_are_kept_where_the_settings_say_so(tmp_path):
    folder = write_checkpoint(tmp_path / "bert", "bert")
    settings = {"do_lower_case": False, "strip_accents": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    assert cut(load_checkpoint(folder).preprocessor, ["café CAFE"]) == [[2, 13, 1, 3]]
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False}))
    assert cut(load_checkpoint(folder).preprocessor, ["café cafe"]) == [[2, 1, 13, 3]]


def test_weights_in_several_files_are_found(models, tmp_path):
    folder = write_checkpoint(tmp_path / "bert", "bert")
    weights = random_weights("bert", 3)
    files = {name: f"model-{number % 2}.safetensors" for number, name in enumerate(weights)}
    for file in set(files.values()):
        save_file({name: weights[name] for name in weights if files[name] == file}, folder / file)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}))
    found = SplitClassifier(load_checkpoint(folder)).logits(TOKENS)
    assert np.array_equal(found, models["bert"].logits(TOKENS))


def test_dropout_is_the_checkpoints(models):
    for kind, (head, inside) in {"bert": (0.1, 0.1), "distilbert": (0.2, 0.1)}.items():
        classifier = models[kind].classifier
        assert classifier.output_dropout.rate == head
        assert classifier.backbone.dropout == inside


def test_labels_have_the_checkpoints_names(folders):
    assert label_names_of(folders["bert"]) == ("contradiction", "neutral", "entailment")
    assert label_names_of(folders["distilbert"]) == ("LABEL_0", "LABEL_1")
    assert label_names_of(folders["roberta"]) == ()
    _, facts = load_model(folders["bert"])
    assert facts == ModelFacts("custom", label_names_of(folders["bert"]), None, None)


# With a head of its own or a new one.


def test_the_activation_is_the_checkpoints(folders, models, tmp_path):
    assert [activation_of(models[kind].classifier) for kind in KINDS] == ["gelu"] * 3
    folder = write_checkpoint(tmp_path / "bert", "bert", hidden_act="gelu_new")
    approximate = SplitClassifier(load_checkpoint(folder))
    assert activation_of(approximate.classifier) == "gelu_tanh"
    difference = np.abs(approximate.logits(TOKENS) - models["bert"].logits(TOKENS)).max()
    assert 1e-5 < difference < 1e-2


def test_a_new_head_leaves_the_activation_that_a_preset_can_hold(folders, models):
    classifier = load_classifier(str(folders["bert"]), num_classes=5)
    assert classifier.num_classes == 5
    assert activation_of(classifier) == "gelu_tanh"
    own = models["bert"].table
    assert np.array_equal(classifier.backbone.token_embedding.embeddings, own)


def test_answers_stay_the_same_in_a_saved_model_and_in_a_student(models, tmp_path):
    for kind, model in models.items():
        facts = ModelFacts("custom", (), LENGTH)
        save_model(model.classifier, tmp_path / kind, facts, "")
        saved = SplitClassifier(load_model(tmp_path / kind)[0])
        assert np.array_equal(saved.logits(TOKENS), model.logits(TOKENS))
        student = SplitClassifier(student_from_teacher(model.classifier, 2))
        assert np.array_equal(student.logits(TOKENS), model.logits(TOKENS))


# What is refused.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "albert"}, "Unknown model_type in "),
        ({"architectures": ["BertModel"]}, "head (its architecture is BertModel); give num_clas"),
        ({"problem_type": "multi_label_classification"}, "must be 'single_label_classification'."),
        ({"problem_type": "regression"}, "problem_type in "),
        ({"position_embedding_type": "relative_key"}, "is 'relative_key', but must be 'absolute'."),
        ({"layer_norm_eps": 1e-5}, "layer_norm_eps in "),
        ({"hidden_act": "mish"}, "is 'mish', but must be 'gelu' or 'gelu_python' or"),
        ({"id2label": {"0": "no", "1": "yes"}}, "classifier.weight in "),
        ({"intermediate_size": 12}, "Cannot load an encoder from "),
        ({"vocab_size": None}, "Cannot load an encoder from "),
    ],
)
def test_a_checkpoint_that_would_answer_otherwise_is_refused(tmp_path, changes, message):
    folder = write_checkpoint(tmp_path / "bert", "bert", **changes)
    # The weights of the classifier as it should be.
    save_file(random_weights("bert", 3), folder / "model.safetensors")
    found = refusal(folder)
    assert message in found
    assert str(folder) in found
    assert found.endswith(".")


def test_pickled_weights_are_not_read(tmp_path):
    folder = write_checkpoint(tmp_path / "bert", "bert")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "may run code when it is read, and is not; if you trust it, convert" in refusal(folder)
    (folder / "pytorch_model.bin").unlink()
    assert "has no weights: there is no model.safetensors." in refusal(folder)


@pytest.mark.parametrize("missing", ["classifier.bias", "bert.pooler.dense.weight"])
def test_a_missing_weight_is_named(tmp_path, missing):
    folder = write_checkpoint(tmp_path / "bert", "bert")
    weights = random_weights("bert", 3)
    del weights[missing]
    save_file(weights, folder / "model.safetensors")
    assert missing.removeprefix("bert.") in refusal(folder)


def test_an_encoder_whose_head_is_put_on_may_have_no_problem_type_of_ours(tmp_path):
    folder = write_checkpoint(
        tmp_path / "bert", "bert", problem_type="multi_label_classification", architectures=None
    )
    assert load_classifier(str(folder), 2).num_classes == 2


# Names of labels, and the commands.


def fit(names, received):
    examples = Examples(["a"], None, np.array([0], np.int32), ["0"], names)
    model = type("Model", (), {"num_classes": len(names)})
    check_fit("teacher", model, ModelFacts("custom", received, None, None), examples)


def test_names_that_differ_in_spelling_are_the_same():
    fit(("not_entailment", "entailment"), ("NOT ENTAILMENT", "Entailment"))
    with pytest.raises(InputError, match=r"set data.label_names to the order that the model was"):
        fit(("not_entailment", "entailment"), ("ENTAILMENT", "NOT_ENTAILMENT"))
    with pytest.raises(InputError, match=r"give both the same names: .* under id2label"):
        fit(("negative", "positive"), ("NEG", "POS"))


def test_classes_without_names_are_taken_in_order_and_that_is_said(caplog):
    with caplog.at_level(logging.INFO, logger="tfaugkd"):
        fit(("negative", "positive"), ("LABEL_0", "LABEL_1"))
    assert caplog.messages == [
        "The teacher's labels have no names (LABEL_0, LABEL_1); they are taken for the data's, in "
        "this order: negative, positive."
    ]


@pytest.fixture(scope="module")
def teacher_folder(tmp_path_factory):
    """A DistilBERT whose classes have names."""
    folder = write_checkpoint(
        tmp_path_factory.mktemp("teacher") / "distilbert",
        "distilbert",
        id2label={"0": "NEGATIVE", "1": "POSITIVE"},
    )
    weights = random_weights("distilbert", 2)
    # So that it gives half of the texts either label.
    weights["classifier.bias"] += np.array([2.6, 0.0], np.float32)
    save_file(weights, folder / "model.safetensors")
    return folder


def test_a_checkpoint_is_evaluated_and_labels_and_teaches(teacher_folder, tmp_path):
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(["good", "bad", "the", "film", "was"], 6)) for _ in range(64)]
    (tmp_path / "texts.csv").write_text("text\n" + "".join(f"{text}\n" for text in texts))
    labels = tmp_path / "labels.jsonl"
    options = ["--input", tmp_path / "texts.csv", "--output", labels, "--model", teacher_folder]
    assert "is 128, but the model reads at most 16 tokens" in complaint("predict", *options)
    status, _, err = command("predict", *options, "--sequence_length", 16)
    assert status == 0, err
    rows = [json.loads(line) for line in labels.read_text().splitlines()]
    assert {row["prediction"] for row in rows} == {"NEGATIVE", "POSITIVE"}

    # As the teacher labels them, so that it is a good one; in the spelling of the data.
    lines = [f"{text},{row['prediction'].lower()}" for text, row in zip(texts, rows, strict=True)]
    (tmp_path / "labelled.csv").write_text("\n".join(["text,label", *lines, ""]))
    file = str(tmp_path / "labelled.csv")
    data = {"task": "custom", "train_file": file, "dev_file": file, "sequence_length": 16}
    options = write_yaml(tmp_path / "a.yaml", data=data, model=str(teacher_folder))
    status, out, err = command("evaluate", *options)
    assert status == 0, err
    assert out.endswith("accuracy: 1.0000\n")

    options = write_yaml(
        tmp_path / "b.yaml",
        data=data,
        teacher=str(teacher_folder),
        student={"layers": 1},
        train={"steps": 8, "batch_size": 8, "jit_compile": False},
        output=str(tmp_path / "output"),
    )
    status, out, err = command("distill", *options)
    assert status == 0, err
    card = (tmp_path / "output" / "model" / "README.md").read_text()
    assert "0 = negative, 1 = positive" in card


# The packaged encoder, against the same weights in PyTorch.

ENCODER_IDS = [101, 1037, 2143, 2008, 2003, 1010, 2302, 4797, 1010, 1996, 2190, 1997, 1996, 2095]
ENCODER_IDS += [1012, 102]
PLACES = [(0, 0), (3, 100), (15, 383)]
HEADS = [(0, 0, 0), (5, 3, 7), (11, 15, 2)]
STATES = [
    [-0.1765674650669098, -0.14850851893424988, -0.013993296772241592],
    [-0.004007131792604923, 0.455873042345047, 0.14006982743740082],
    [-0.04252832382917404, 0.41234880685806274, 0.4843766689300537],
    [-0.019353466108441353, 0.5093702077865601, 0.3717579245567322],
    [-0.003475470468401909, 0.5760166049003601, 0.2846406102180481],
    [-0.029233291745185852, 0.429829478263855, 0.17179839313030243],
    [-0.021968813613057137, -0.020017215982079506, -0.004562287125736475],
]
ATTENTION = [
    [0.22671861946582794, 0.010585281997919083, 0.09225675463676453],
    [0.9870338439941406, 0.024600286036729813, 0.0003060511080548167],
    [0.9756596088409424, 0.013518258929252625, 0.002091395203024149],
    [0.9678088426589966, 0.005232194904237986, 0.016011551022529602],
    [0.9126366972923279, 0.018172159790992737, 0.14695146679878235],
    [0.2452831119298935, 0.0009379561524838209, 0.05001634359359741],
]
ENCODER_LOGITS = [-0.03039661981165409, 0.12140253931283951]
GRADIENT = [-0.003543917089700699, -0.0006999128963798285, -0.001642119837924838]
GRADIENTS_NORM = 0.3699222803115845


@pytest.fixture(scope="module")
def encoder():
    """The packaged encoder with PyTorch's GELU, and the head that torch_reference.py gives it."""
    model = SplitClassifier(load_classifier("packaged", num_classes=2))
    set_activation(model.classifier, "gelu")
    kernel = np.random.default_rng(0).normal(scale=0.1, size=(2, 384)).astype(np.float32)
    model.classifier.output_dense.set_weights([kernel.T, np.zeros(2)])
    return model


@pytest.fixture(scope="module")
def sentence(encoder):
    own = encoder.classifier.preprocessor
    own.sequence_length = 16
    found = own(["A film that is, without doubt, the best of the year."])
    assert np.asarray(found["token_ids"]).tolist() == [ENCODER_IDS]
    names = ("token_ids", "segment_ids", "padding_mask")
    return Tokens(*(tf.cast(found[name], tf.int32) for name in names))


def test_the_hidden_states_and_the_attention_are_pytorchs(encoder, sentence):
    entered = encoder._encoder.enter(encoder.embed(sentence.token_ids), sentence.segment_ids, False)
    answer = encoder.trace(sentence)
    for states, expected in zip((entered, *answer.states), STATES, strict=True):
        assert [float(states[0, s, d]) for s, d in PLACES] == pytest.approx(expected, abs=1e-5)
    for scores, expected in zip(answer.attention, ATTENTION, strict=True):
        assert [float(scores[0, h, q, k]) for h, q, k in HEADS] == pytest.approx(expected, abs=1e-5)


def test_the_adversarial_gradient_is_pytorchs(encoder, sentence):
    embeddings = encoder.embed(sentence.token_ids)
    with tf.GradientTape() as tape:
        tape.watch(embeddings)
        logits = encoder.logits(Hidden(embeddings, *sentence[1:3]))
        loss = hard_loss(tf.constant([[1.0, 0.0]]), logits)
    gradient = tape.gradient(loss, embeddings)
    assert logits.numpy()[0] == pytest.approx(ENCODER_LOGITS, abs=1e-5)
    assert [float(gradient[0, s, d]) for s, d in PLACES] == pytest.approx(GRADIENT, abs=1e-6)
    assert float(tf.norm(gradient)) == pytest.approx(GRADIENTS_NORM, rel=1e-5)
