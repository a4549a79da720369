"""Back-translation: into another language and back again (MixKD, Section 4; AugPro's KD+BT).

The translation models run in CTranslate2, which needs no second deep learning framework, reads
OPUS-MT's, Marian's and fairseq's models once they are converted, and Argos Translate's as they
are. They lie in a folder on this machine; nothing is fetched.
"""

import importlib.util
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfaugkd.classifier import SplitClassifier
from tfaugkd.errors import InputError

# Gives for each text its best translations, as many as are asked for, the best first.
Translator = Callable[[Sequence[str], int], list[list[str]]]

_PACKAGES = ("ctranslate2", "sentencepiece")
_TEXTS_AT_ONCE = 32
_BEAM = 5
# Positions that OPUS-MT's models have.
_LONGEST = 512


@dataclass(frozen=True)
class BackTranslation:
    """Translates texts into a pivot language and back.

    Several versions of a text come from its several best translations into the pivot language,
    each of which is translated back once. Nothing is drawn, so that there is no seed.

    Args:
        models: Folder with a translation model for each direction, in folders named `en-de` and
            `de-en` (language and pivot). Each holds a CTranslate2 model, at its top or in a folder
            `model`, and its SentencePiece models: `source.spm` and `target.spm` (OPUS-MT) or
            `sentencepiece.model` (Argos Translate).
        language: Code of the texts' language.
        pivot: Code of the language between; MixKD takes German.
        name: The name under which it is listed.
    """

    models: str
    language: str = "en"
    pivot: str = "de"
    name: str = "back_translation"

    def __post_init__(self) -> None:
        if self.pivot == self.language:
            raise InputError(
                f"{self.name}.pivot is {self.pivot!r}, but must be another language than the "
                "texts'."
            )

    def rewritten(
        self,
        texts: Sequence[str],
        copies: int,
        seed: int,
        teacher: Callable[[], SplitClassifier],
    ) -> Iterator[list[str]]:
        """Translates texts there and back.

        Args:
            texts: The N texts.
            copies: Versions of each.
            seed: Not used.
            teacher: Not used.

        Yields:
            The versions of each text, in the order of the texts.

        Raises:
            InputError: CTranslate2 or a model is missing.
        """
        del seed, teacher
        there = load_translator(Path(self.models) / f"{self.language}-{self.pivot}")
        back = load_translator(Path(self.models) / f"{self.pivot}-{self.language}")
        return back_translated(texts, copies, there, back)


def back_translated(
    texts: Sequence[str], copies: int, there: Translator, back: Translator
) -> Iterator[list[str]]:
    """Translates texts there and back.

    Args:
        texts: The N texts.
        copies: Versions of each.
        there: Translates into the pivot language.
        back: Translates out of it.

    Yields:
        The versions of each text, in the order of the texts.
    """
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        of_texts = there(texts[start : start + _TEXTS_AT_ONCE], copies)
        returned = iter(back([one for of_text in of_texts for one in of_text], 1))
        for of_text in of_texts:
            yield [next(returned)[0] for _ in of_text]


def load_translator(folder: Path) -> Translator:
    """Loads the translation model of one direction.

    Args:
        folder: See `BackTranslation`.

    Returns:
        The translator. It searches with a beam, without drawing; a text is translated whole, and
        the end of one with more than 512 pieces is not translated.

    Raises:
        InputError: CTranslate2 is not installed, or the folder lacks something.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"back_translation needs the package {missing[0]}, which is not installed; `pip "
            "install 'tfaugkd[translation]'` brings it."
        )
    import ctranslate2
    import sentencepiece

    model, source, target = find_files(folder)
    encode = sentencepiece.SentencePieceProcessor(model_file=str(source)).encode
    decode = sentencepiece.SentencePieceProcessor(model_file=str(target)).decode
    engine = ctranslate2.Translator(str(model))
    end = end_of_source(model)

    def translate(texts: Sequence[str], count: int) -> list[list[str]]:
        pieces = [one[: _LONGEST - 1] + end for one in encode(list(texts), out_type=str)]
        results = engine.translate_batch(
            pieces,
            beam_size=max(_BEAM, count),
            num_hypotheses=count,
            max_decoding_length=_LONGEST,
            replace_unknowns=True,
        )
        return [[decode(one) for one in result.hypotheses] for result in results]

    return translate


def find_files(folder: Path) -> tuple[Path, Path, Path]:
    """Finds what makes up the translation model of one direction.

    Args:
        folder: See `BackTranslation`.

    Returns:
        The folder of the CTranslate2 model, and the SentencePiece models that cut the source up
        and put the target together.

    Raises:
        InputError: One of them is not there.
    """
    layouts = (("source.spm", "target.spm"), ("sentencepiece.model",) * 2)
    pieces = [names for names in layouts if all((folder / name).is_file() for name in names)]
    if not pieces:
        raise InputError(
            f"There is no translation model in {folder}: it must hold source.spm and target.spm, "
            "or sentencepiece.model, beside a CTranslate2 model."
        )
    model = folder / "model" if (folder / "model").is_dir() else folder
    if not (model / "model.bin").is_file():
        raise InputError(
            f"There is no translation model in {model} (no model.bin); make one with CTranslate2's "
            "ct2-transformers-converter or ct2-opus-mt-converter."
        )
    return model, folder / pieces[0][0], folder / pieces[0][1]


def end_of_source(model: Path) -> list[str]:
    """Tells which token CTranslate2 leaves to the tokenizer to put behind a source.

    Args:
        model: Folder of a CTranslate2 model.

    Returns:
        The end of the sentence for Marian's models that were converted by way of Transformers;
        nothing for others, which have it added or need none.
    """
    file = model / "config.json"
    config: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return ["</s>"] if config.get("model_type") == "marian" else []
