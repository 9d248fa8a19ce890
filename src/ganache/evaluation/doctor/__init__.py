"""The doctor: what is wrong with a run, by what evidence, and what to change."""

from ganache.evaluation.doctor.diagnosis import diagnose, examined
from ganache.evaluation.doctor.finding import Confidence, Finding

__all__ = ["Confidence", "Finding", "diagnose", "examined"]
