"""Installs `tfaugkd` and its command."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "tfaugkd" / "__init__.py").read_text())

setup(
    name="tfaugkd",
    version=VERSION.group(1),
    description="Knowledge distillation for text classifiers, augmentation inside the step",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    packages=find_packages(include=["tfaugkd", "tfaugkd.*"]),
    package_data={
        "tfaugkd": ["templates/*.html"],
        "tfaugkd.reproduce": ["printed/*"],  # the papers' numbers
    },
    python_requires=">=3.11",
    install_requires=[
        "tensorflow>=2.20,<3",
        "keras>=3.12,<4",
        "keras-nlp>=0.25,<1",
        "tensorflow-text>=2.20,<3",
        "tensorflow-datasets>=4.9,<5",
        # tensorflow-datasets imports it, and does not say so.
        "importlib_resources>=5",
        "array_record>=0.5,<1",  # shards; tensorflow-datasets brings it on Linux
        "keras-tuner>=1.4,<2",
        "tensorboard>=2.20,<3",
        "numpy>=1.26",
        "safetensors>=0.4",  # reads Hugging Face checkpoints
        "jsonargparse[signatures]>=4.40,<5",  # configuration and command line
        "pyyaml>=6",
        "scikit-learn>=1.4",  # metrics
        "scipy>=1.12",  # metrics and intervals
        "matplotlib>=3.8",  # the plot of the report
        "rich>=13",  # the table in the terminal
        "jinja2>=3.1,<4",  # the HTML report, whose texts it escapes
    ],
    extras_require={
        "wordnet": ["nltk>=3.9"],  # synonyms for EDA, with `python -m nltk.downloader wordnet`
        # Back-translation: OPUS-MT's models without a second deep learning framework.
        "translation": ["ctranslate2>=4.4,<5", "sentencepiece>=0.2"],
        # Prepares corpora beyond memory, on one machine or on many.
        "beam": ["apache-beam>=2.70,<3"],
        "dev": ["pytest>=8", "pytest-xdist>=3.6", "hypothesis>=6", "ruff>=0.9", "mypy>=1.14"],
    },
    entry_points={"console_scripts": ["tfaugkd = tfaugkd.command_line:main"]},
)
