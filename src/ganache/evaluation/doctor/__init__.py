"""The doctor: what is wrong with a run, by what evidence, and what to change."""

from ganache.evaluation.doctor.diagnosis import diagnose, examined
from ganache.evaluation.doctor.finding import Confidence, Finding
from ganache.evaluation.doctor.watch import Watch, told

__all__ = ["Confidence", "Finding", "Watch", "diagnose", "examined", "told"]
