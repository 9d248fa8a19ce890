"""What a discriminator says: logits alone or with features and heads, halved and in float32."""

import torch

from ganache.parts.verdict import Verdict

LOGITS = torch.tensor([[1.0], [2.0], [3.0], [4.0]])


def test_a_bare_tensor_of_logits_is_a_verdict_and_a_verdict_stays_itself() -> None:
    said = Verdict.of(LOGITS)
    assert said.logits is LOGITS
    assert said.features is None
    assert dict(said.heads) == {}
    assert Verdict.of(said) is said


def test_the_halves_are_those_of_logits_features_and_every_head() -> None:
    heads = {"class": LOGITS.repeat(1, 3) * 10, "code": LOGITS * 100}
    first, second = Verdict(LOGITS, LOGITS.repeat(1, 2), heads, LOGITS - 1).halves()
    assert first.seen is not None
    assert second.seen is not None
    assert (first.seen.tolist(), second.seen.tolist()) == ([[0.0], [1.0]], [[2.0], [3.0]])
    assert (first.logits.tolist(), second.logits.tolist()) == ([[1.0], [2.0]], [[3.0], [4.0]])
    assert first.features is not None
    assert second.features is not None
    assert (first.features.tolist(), second.features.tolist()) == ([[1.0] * 2, [2.0] * 2], [[3.0] * 2, [4.0] * 2])
    assert {name: head.tolist() for name, head in first.heads.items()} == {
        "class": [[10.0] * 3, [20.0] * 3],
        "code": [[100.0], [200.0]],
    }
    assert {name: head.tolist() for name, head in second.heads.items()} == {
        "class": [[30.0] * 3, [40.0] * 3],
        "code": [[300.0], [400.0]],
    }


def test_halves_without_features_have_none() -> None:
    first, second = Verdict.of(LOGITS).halves()
    assert (first.features, second.features) == (None, None)
    assert (dict(first.heads), dict(second.heads)) == ({}, {})


def test_logits_and_heads_become_float32_and_features_stay_as_they_were_computed() -> None:
    half = LOGITS.bfloat16()
    said = Verdict(half, half, {"class": half}).float()
    assert said.logits.dtype == said.heads["class"].dtype == torch.float32
    assert said.features is half
