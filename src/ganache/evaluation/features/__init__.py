"""Named, versioned extractors of features: what a score compares pictures by.

A score's name says them: the same distance of `inception` features is an FID, of `random` ones it is not.
"""

from ganache.evaluation.features.by_name import NAMES, default_name, find
from ganache.evaluation.features.classifier_features import ClassifierExtractor
from ganache.evaluation.features.extractor import Extracted, Extractor
from ganache.evaluation.features.inception import InceptionExtractor
from ganache.evaluation.features.pixels import PixelExtractor
from ganache.evaluation.features.random_network import RandomExtractor

__all__ = [
    "NAMES",
    "ClassifierExtractor",
    "Extracted",
    "Extractor",
    "InceptionExtractor",
    "PixelExtractor",
    "RandomExtractor",
    "default_name",
    "find",
]
