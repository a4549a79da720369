"""Prints the numbers that test_hugging_face.py compares with, computed by PyTorch.

The tests do not run it. In an environment of its own, with torch, transformers and safetensors:

    python tests/torch_reference.py FOLDER_OF_THE_PACKAGED_ENCODER
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers
from checkpoints import CONFIGS, PADDING_MASK, SEGMENT_IDS, TOKEN_IDS, write_checkpoint

TEXTS = {
    "bert": ["Unlikely films, the CAFÉ!", "Good bad a naïve café"],
    # A tiny vocabulary has not all bytes; those that it has not are dropped there.
    "roberta": ["the good film, good!", "good bad, a naive cafe"],
}
PAIRS = {
    "bert": ("the film was good", "a bad café"),
    "roberta": ("the film was good", "a bad film"),
}
SENTENCE = "A film that is, without doubt, the best of the year."
PLACES = [(0, 0), (3, 100), (15, 383)]


def tiny(kind):
    """Prints a tiny classifier's logits, and what its tokenizer makes of texts."""
    with tempfile.TemporaryDirectory() as parent:
        folder = write_checkpoint(Path(parent) / kind, kind)
        model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    x = {"input_ids": torch.tensor(TOKEN_IDS), "attention_mask": torch.tensor(PADDING_MASK)}
    if kind == "bert":
        x["token_type_ids"] = torch.tensor(SEGMENT_IDS)
    if kind == "roberta":
        # It finds the padding, from which positions count, by its token.
        x["input_ids"] = torch.where(x["attention_mask"] == 1, x["input_ids"], 1)
    with torch.no_grad():
        print(kind, model(**x).logits.tolist())
    texts, pair = (of.get(kind, of["bert"]) for of in (TEXTS, PAIRS))
    print(kind, tokenizer(texts)["input_ids"], tokenizer(*pair)["input_ids"])


def packaged(folder):
    """Prints states, attention and the adversarial gradient of the packaged encoder."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=2, attn_implementation="eager"
    ).eval()
    kernel = np.random.default_rng(0).normal(scale=0.1, size=(2, 384)).astype(np.float32)
    with torch.no_grad():
        model.classifier.weight.copy_(torch.tensor(kernel))
        model.classifier.bias.zero_()
    ids = torch.tensor([tokenizer(SENTENCE)["input_ids"]])
    print("ids", ids.tolist())
    embeddings = model.bert.embeddings.word_embeddings(ids).detach().requires_grad_()
    found = model(
        inputs_embeds=embeddings,
        labels=torch.tensor([0]),
        output_hidden_states=True,
        output_attentions=True,
    )
    found.loss.backward()
    print("logits", found.logits.tolist())
    for states in found.hidden_states:
        print("states", [states[0, s, d].item() for s, d in PLACES])
    for scores in found.attentions:
        heads = [(0, 0, 0), (5, 3, 7), (11, 15, 2)]
        print("attention", [scores[0, h, q, k].item() for h, q, k in heads])
    print("gradient", [embeddings.grad[0, s, d].item() for s, d in PLACES])
    print("gradient's norm", embeddings.grad.norm().item())


if __name__ == "__main__":
    print(torch.__version__, transformers.__version__)
    for kind in CONFIGS:
        tiny(kind)
    packaged(sys.argv[1])
