"""Tiny classifiers in Hugging Face's format, with the same random weights on every machine.

Imports neither Keras nor PyTorch: `torch_reference.py` reads them with the one, the tests with the
other.
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

WIDTH, INNER, LAYERS, HEADS, POSITIONS = 8, 16, 2, 2, 16
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES += ["good", "bad", "the", "film", "was", "un", "##likely", "##s", "cafe", "a", ",", "!"]
BYTES = ["<s>", "<pad>", "</s>", "<unk>", *"Ġabcdefghijklmnopqrstuvwxyz.,!?", "go", "od", "good"]
BYTES += ["Ġgood", "<mask>"]
MERGES = ["g o", "o d", "go od", "Ġ good"]

# What both read: a row with padding, and, where there are segments, a pair.
TOKEN_IDS = [[2, 5, 8, 9, 3, 6, 3, 0], [2, 10, 11, 8, 12, 15, 16, 3]]
SEGMENT_IDS = [[0, 0, 0, 0, 0, 1, 1, 0], [0] * 8]
PADDING_MASK = [[1, 1, 1, 1, 1, 1, 1, 0], [1] * 8]

_BASE = {
    "vocab_size": len(PIECES),
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": INNER,
    "max_position_embeddings": POSITIONS,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
}
CONFIGS = {
    "bert": {
        **_BASE,
        "architectures": ["BertForSequenceClassification"],
        "id2label": {"0": "contradiction", "1": "neutral", "2": "entailment"},
        "label2id": {"contradiction": 0, "neutral": 1, "entailment": 2},
        "layer_norm_eps": 1e-12,
        "type_vocab_size": 2,
    },
    "distilbert": {
        "architectures": ["DistilBertForSequenceClassification"],
        "vocab_size": len(PIECES),
        "dim": WIDTH,
        "n_layers": LAYERS,
        "n_heads": HEADS,
        "hidden_dim": INNER,
        "max_position_embeddings": POSITIONS,
        "activation": "gelu",
        "dropout": 0.1,
        "attention_dropout": 0.1,
        "seq_classif_dropout": 0.2,
    },
    "roberta": {
        **_BASE,
        "architectures": ["RobertaForSequenceClassification"],
        "vocab_size": len(BYTES),
        "max_position_embeddings": POSITIONS + 2,
        "id2label": {"0": "LABEL_0"},
        "label2id": {"LABEL_0": 0},
        "problem_type": "regression",
        "layer_norm_eps": 1e-5,
        "type_vocab_size": 1,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    },
}


def write_checkpoint(folder, kind, **changes):
    """Writes a classifier of the kind "bert", "distilbert" or "roberta"; gives its folder.

    Changes are keys of config.json; None takes a key out.
    """
    folder = Path(folder)
    folder.mkdir(parents=True)
    config = {"model_type": kind, **CONFIGS[kind], **changes}
    config = {key: value for key, value in config.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(config))
    save_file(random_weights(kind, len(config.get("id2label", "01"))), folder / "model.safetensors")
    if kind == "roberta":
        numbers = {token: number for number, token in enumerate(BYTES)}
        (folder / "vocab.json").write_text(json.dumps(numbers))
        (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES, ""]))
    else:
        (folder / "vocab.txt").write_text("\n".join([*PIECES, ""]))
        (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    return folder


def random_weights(kind, classes):
    """Gives the weights by name; kernels lie as PyTorch lays them, output first."""
    shapes = {"distilbert": _distilbert, "bert": _bert, "roberta": _roberta}[kind](classes)
    random = np.random.default_rng(0)
    weights = {}
    for name, shape in shapes.items():
        around = 1.0 if "orm.weight" in name else 0.0
        weights[name] = (around + random.normal(scale=0.4, size=shape)).astype(np.float32)
    return weights


def _dense(name, outputs, inputs):
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _norm(name):
    return {f"{name}.weight": (WIDTH,), f"{name}.bias": (WIDTH,)}


def _bert_body(prefix, rows, positions, segments):
    shapes = {
        f"{prefix}.embeddings.word_embeddings.weight": (rows, WIDTH),
        f"{prefix}.embeddings.position_embeddings.weight": (positions, WIDTH),
        f"{prefix}.embeddings.token_type_embeddings.weight": (segments, WIDTH),
        **_norm(f"{prefix}.embeddings.LayerNorm"),
    }
    for number in range(LAYERS):
        layer = f"{prefix}.encoder.layer.{number}"
        for part in ("query", "key", "value"):
            shapes |= _dense(f"{layer}.attention.self.{part}", WIDTH, WIDTH)
        shapes |= _dense(f"{layer}.attention.output.dense", WIDTH, WIDTH)
        shapes |= _norm(f"{layer}.attention.output.LayerNorm")
        shapes |= _dense(f"{layer}.intermediate.dense", INNER, WIDTH)
        shapes |= _dense(f"{layer}.output.dense", WIDTH, INNER)
        shapes |= _norm(f"{layer}.output.LayerNorm")
    return shapes


def _bert(classes):
    return {
        **_bert_body("bert", len(PIECES), POSITIONS, 2),
        **_dense("bert.pooler.dense", WIDTH, WIDTH),
        **_dense("classifier", classes, WIDTH),
    }


def _roberta(classes):
    return {
        **_bert_body("roberta", len(BYTES), POSITIONS + 2, 1),
        **_dense("classifier.dense", WIDTH, WIDTH),
        **_dense("classifier.out_proj", classes, WIDTH),
    }


def _distilbert(classes):
    shapes = {
        "distilbert.embeddings.word_embeddings.weight": (len(PIECES), WIDTH),
        "distilbert.embeddings.position_embeddings.weight": (POSITIONS, WIDTH),
        **_norm("distilbert.embeddings.LayerNorm"),
    }
    for number in range(LAYERS):
        layer = f"distilbert.transformer.layer.{number}"
        for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
            shapes |= _dense(f"{layer}.attention.{part}", WIDTH, WIDTH)
        shapes |= _norm(f"{layer}.sa_layer_norm")
        shapes |= _dense(f"{layer}.ffn.lin1", INNER, WIDTH)
        shapes |= _dense(f"{layer}.ffn.lin2", WIDTH, INNER)
        shapes |= _norm(f"{layer}.output_layer_norm")
    return {
        **shapes,
        **_dense("pre_classifier", WIDTH, WIDTH),
        **_dense("classifier", classes, WIDTH),
    }
