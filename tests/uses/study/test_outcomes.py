"""Paired intervals, verdicts and what is known of pictures, by hand and by independent references."""

import numpy as np
import pytest

from ganache.data import open_dataset
from ganache.data.store.packed import PackedDataset
from ganache.support.errors import UserError
from ganache.uses.study.nearness import Nearness, is_copy, nearness
from ganache.uses.study.outcomes import CountOutcome, Difference
from ganache.uses.study.study_cells import CellRecord
from ganache.uses.study.subsets import pool_of
from tests.labelled import labelled, shades


def cell(seed: int, plain: tuple[int, ...], synthetic: tuple[int, ...], **fields: object) -> CellRecord:
    known = {"drawn": 100, "kept": 100, "agreement": 0.9, "by_chance": 0.5, "nearness": None, **fields}
    right = {"plain": plain, "moved": plain, "synthetic": synthetic, "both": plain}
    return CellRecord.model_validate({"count": 10, "seed": seed, "right": right, **known})


def outcome(*cells: CellRecord, is_given: bool = True) -> CountOutcome:
    return CountOutcome(10, cells, (100, 100), ("cat", "dog"), is_given)


def test_the_interval_is_the_paired_t_interval() -> None:
    scipy = pytest.importorskip("scipy.stats", reason="the reference is scipy's")
    values = [0.01, 0.03, 0.02, 0.05, 0.00]
    found = Difference.of(values)
    expected = scipy.t.interval(0.95, 4, np.mean(values), scipy.sem(values))
    assert (found.low, found.high) == pytest.approx(expected)
    assert (found.word, Difference(-0.02, -0.03, -0.01).word) == ("cannot be told", "harms")
    assert Difference(0.0123, 0.001, 0.02).said() == "+1.2 points (95%: +0.1 … +2.0)"


def test_a_difference_is_of_each_seed_with_itself() -> None:
    # Seeds differ by 20 points, what is compared by 2, 3 and 4 of 200: one percent and a half.
    found = outcome(cell(0, (50, 60), (52, 60)), cell(1, (70, 80), (70, 83)), cell(2, (60, 70), (62, 72)))
    alone = found.difference("alone")
    assert alone.mean == pytest.approx(0.015)
    assert alone.high - alone.mean == pytest.approx(4.30265 * 0.005 / 3**0.5, rel=1e-4)
    assert found.word == "helps"
    assert found.sentence().startswith("10 per class: helps: synthetic pictures make +1.5 points (95%: +0.3 … +2.7)")
    assert "of 65.0% without" in found.sentence()


def test_a_class_that_loses_is_named_though_all_gain() -> None:
    cells = [cell(seed, (50, 60), (70 + seed, 52 + seed % 2)) for seed in range(3)]
    found = outcome(*cells)
    assert found.word == "helps"
    assert list(found.harmed("alone")) == ["dog"]
    assert "classes that lose by them: dog" in found.sentence()
    assert found.to_json()["harmed"]["alone"] == ["dog"]


def near(**fields: float) -> Nearness:
    told = {"unseen": 100, "few_copied": 0.0, "few_expected": 0.05, "judges_copied": 0.05, "judges_expected": 0.05}
    known = {"judges_error": 0.01, "different": 5, "hits": 100, "judge_hits": 50, "deviations": 0.0}
    return Nearness.model_validate({**told, **known, **fields})


def test_pictures_that_know_the_judges_make_a_study_void() -> None:
    honest, cheat = near(deviations=2.5), near(deviations=9.0, judge_hits=95)
    cells = [cell(seed, (50, 60), (90 + seed, 95), nearness=cheat if seed == 1 else honest) for seed in range(3)]
    assert outcome(*cells).word == "void"
    assert "95 judge, where half would" in outcome(*cells).sentence()
    assert outcome(*cells, is_given=False).word == "helps"  # what was trained on the few has seen nobody else
    assert outcome(*(cell(seed, (50, 60), (90 + seed, 95), nearness=honest) for seed in range(3))).word == "helps"


def test_copies_make_it_void_where_the_others_were_seen_too() -> None:
    assert near(judges_copied=0.3, different=20).knows_judges
    assert not near(judges_copied=0.3, different=3).knows_judges  # one picture again and again is near to it by chance
    assert not near(judges_copied=0.08, different=20).knows_judges


def test_pictures_of_no_class_are_useless_whatever_they_do() -> None:
    # By chance 50 of 100 ± 5: 64 are within three deviations, 66 are not.
    useless = outcome(*(cell(seed, (90, 95), (95, 97 + seed), agreement=0.64) for seed in range(3)))
    assert useless.difference("alone").word == "helps"
    assert useless.sentence().startswith("10 per class: useless: the synthetic pictures show nothing of their classes")
    assert "finds the asked one in 64.0% of them, by chance 50.0%" in useless.sentence()
    assert outcome(*(cell(seed, (90, 95), (95, 97 + seed), agreement=0.66) for seed in range(3))).word == "helps"
    # Who is right about 75% of real pictures would hardly be right about more than 64% of 100 honest ones.
    unsure = outcome(*(cell(seed, (75, 75), (75, 75 + seed), agreement=0.64) for seed in range(3)))
    assert not unsure.is_deaf


def kinds(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.arange(count) % 2


def test_half_of_the_hits_are_judges_unless_they_were_seen() -> None:
    random = np.random.default_rng(0)
    few, judges, unseen, fresh = (random.normal(size=(n, 6)).astype(np.float32) for n in (20, 400, 500, 600))
    told = ((judges, kinds(400)), (unseen, kinds(500)), 2)
    honest = nearness(fresh, few, *told)
    assert honest is not None
    assert honest.unseen == 400
    assert abs(honest.deviations) < 3.0
    assert not honest.knows_judges
    cheat = nearness(judges + np.float32(0.01), few, *told)
    assert cheat is not None
    assert cheat.judge_hits == cheat.hits == 400
    # 200 hits of 400 pictures in each of two classes: 100 more than half, of a variance of 200 · 200 / (4 · 399) each.
    assert cheat.deviations == pytest.approx(200 / (2 * 200 * 200 / (4 * 399)) ** 0.5)
    assert cheat.judges_copied == 1.0
    both = nearness(np.concatenate([judges, unseen]), few, *told)  # it learnt the others by heart, too
    assert both is not None
    assert both.knows_judges
    blurred = nearness(0.05 * fresh, few, *told)  # near to many, and a copy of none
    assert blurred is not None
    assert not blurred.knows_judges


def test_the_order_in_which_judges_are_stored_is_no_matter() -> None:
    random = np.random.default_rng(3)
    people = random.normal(size=(40, 6))  # each has his own hand, and his pictures lie beside each other

    def pictures(hands: np.ndarray) -> np.ndarray:
        return np.asarray(people[hands] + 0.3 * random.normal(size=(len(hands), 6)), np.float32)

    judges = pictures(np.repeat(np.arange(40), 50))
    unseen, fresh, few = (pictures(random.integers(0, 40, count)) for count in (400, 600, 20))
    found = nearness(fresh, few, (judges, kinds(2_000)), (unseen, kinds(400)), 2)
    assert found is not None
    assert abs(found.deviations) < 3.0  # of the first 400 judges, who are 8 people, it would be below -8
    leaked = np.concatenate([fresh, judges[::10] + np.float32(0.01)])
    seen = nearness(leaked, few, (judges, kinds(2_000)), (unseen, kinds(400)), 2)
    assert seen is not None
    assert seen.deviations > found.deviations


def test_one_picture_again_and_again_proves_nothing() -> None:
    random = np.random.default_rng(1)
    judges, unseen = (random.normal(size=(100, 4)).astype(np.float32) for _ in range(2))
    found = nearness(np.repeat(judges[:1], 500, axis=0), unseen[:5], (judges, kinds(100)), (unseen, kinds(100)), 2)
    assert found is not None
    assert (found.hits, found.judge_hits) == (1, 1)
    assert not found.knows_judges
    assert nearness(judges, judges, (judges[:10], kinds(10)), (unseen, kinds(100)), 2) is None


def test_copies_of_the_few_are_told_apart() -> None:
    random = np.random.default_rng(2)
    few, unseen, fresh = (random.normal(size=(n, 8)).astype(np.float32) for n in (30, 200, 50))
    copies = is_copy(np.concatenate([few[:10], fresh]), few, unseen)
    assert copies[:10].all()
    assert copies[10:].mean() < 0.25


def test_the_few_are_among_more_and_never_among_those_that_judge() -> None:
    pictures = shades([0, 1] * 100)
    pool = pool_of(labelled(pictures, [0, 1] * 100))
    assert pool.judged_on == "40 pictures, a fifth that is held out"
    ten, twenty = pool.few(10, 3), pool.few(20, 3)
    parts = (ten, twenty, pool.others(20, 3, (99, 99)), pool.judges)
    kept = [{image.tobytes() for image in part.images} for part in parts]
    assert [len(part) for part in kept] == [20, 40, 120, 40]
    assert kept[0] <= kept[1]
    assert not kept[1] & kept[2]
    assert not (kept[1] | kept[2]) & kept[3]
    assert ten.labels.tolist() == [0] * 10 + [1] * 10
    assert {image.tobytes() for image in pool.few(10, 4).images} != kept[0]
    with pytest.raises(UserError, match="per_class: the class 'dark' has 79 pictures to learn from, not 100"):
        pool.refuse_fewer(100)


def test_a_split_that_is_held_out_judges() -> None:
    labels = [0, 1, -1] * 20 + [0, 1] * 15 + [-1]
    pool = pool_of(labelled(shades(labels), labels, train=60, test=31))
    assert (pool.judged_on, pool.is_cut, [len(rows) for rows in pool.rows]) == ("30 pictures, of test", False, [20, 20])


def test_what_no_study_can_be_made_of_is_refused() -> None:
    alone, ring = labelled(shades([0] * 50), [0] * 50), open_dataset("ring")
    assert not isinstance(ring, PackedDataset)
    with pytest.raises(UserError, match="no pictures of two classes"):
        pool_of(alone)
    with pytest.raises(UserError, match="4 pictures are too few to judge by"):
        pool_of(labelled(shades([0, 1] * 10), [0, 1] * 10))
