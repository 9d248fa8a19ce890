"""Beginning from another run's weights: what is taken, what is drawn anew, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import ganache
from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.engine.state import TrainingState
from ganache.games import Game
from ganache.networks.layers import ConditionProjection
from ganache.parts.schedules import Linear
from ganache.parts.verdict import Verdict
from ganache.runs import sealed
from ganache.runs.checkpoints import save_state
from ganache.runs.folder import Run
from ganache.runs.start import Start
from ganache.support.errors import RunError, UserError
from ganache.training.observers.observer import Observer
from ganache.training.plan import Request, make_plan
from tests.commands import run_command
from tests.engine.test_processes import begin_two, ended
from tests.tiny import draws_of, tiny_recipe, tiny_state, two_players
from tests.training import company

SHAPE = ImageShape(1, 16, 16)
NARROW = ("generator.width=4", "discriminator.width=4", "generator.max_width=8", "discriminator.max_width=8")
TOLD = "conditional=true"
FAMILIES: dict[str, tuple[str, ...]] = {
    "acgan": (),
    "biggan": NARROW,
    "dcgan": (*NARROW, TOLD, "generator.conditional_norm=true"),
    "fastgan": (*NARROW, TOLD),
    "lsgan-conditional": (),
    "progan": (*NARROW, TOLD, "steady=0", "fade=0"),
    "r3gan": (*NARROW, TOLD),
    "stylegan2": (TOLD, *(f"{role}.channel_base=32" for role in ("generator", "discriminator"))),
    "vanilla": (TOLD, "generator.widths=[8]", "discriminator.widths=[8]"),
}
# What a class says depends on the other classes there: a spectral norm is that of all columns, and equalised weights
# are multiplied by one over the root of how many inputs there are.
BY_ALL = {"biggan": ("logits",), "stylegan2": ("generator", "average", "logits")}
OLD, NEW = ("ant", "bee", "cat"), ("cat", "dog", "ant", "elk")


def recipe_of(name: str) -> Game:
    return two_players(name, *FAMILIES[name], "batch_size=6")


def trained(recipe: Game, labels: int, iterations: int = 2, shape: ImageShape = SHAPE) -> TrainingState:
    state = tiny_state(recipe, shape, labels=labels, seed=1)
    draws = draws_of(state, labels)
    for _ in range(iterations):
        iterate(state, draws)
    return state


def start_of(folder: Path, state: TrainingState, names: tuple[str, ...]) -> Start:
    """Return what a run would be that stands where a state does."""
    run = Run(folder)
    run.checkpoints.mkdir()
    save_state(run, state, "data")
    seen = state.counters.images_seen
    (checkpoint,) = run.checkpoints.iterdir()
    return Start(folder, state.recipe, state.shape, names if state.conditions else (), checkpoint, seen)


def told(state: TrainingState, names: tuple[str, ...], classes: tuple[str, ...]) -> Tensor:
    """Return conditions for images of classes by name."""
    return torch.eye(len(names))[[names.index(name) for name in classes]] if state.conditions else torch.zeros(2, 0)


def seen(state: TrainingState, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what both networks and the average make of the same inputs for two classes."""
    random = torch.Generator().manual_seed(0)
    latents = torch.randn(2, state.recipe.sampler.latent.size, generator=random)
    images = torch.randn(2, *(state.shape.channels, state.shape.height, state.shape.width), generator=random)
    conditions = told(state, names, ("ant", "cat"))
    for module in state.modules().values():
        module.eval()
    generator, judge = (state.cast.networks[name] for name in ("generator", "discriminator"))
    with torch.no_grad():
        said = Verdict.of(judge(images, conditions))
        heads = [head[:, [names.index("ant"), names.index("cat")]] for head in said.heads.values() if head.dim() == 2]
        made = {"generator": generator(latents, conditions), "average": state.average(latents, conditions)}
    return {**made, "logits": said.logits, "heads": torch.stack(heads) if heads else torch.zeros(())}


@pytest.mark.parametrize("name", FAMILIES)
def test_known_classes_look_as_before_among_others_and_no_other_weight_is_lost(name: str, tmp_path: Path) -> None:
    before = trained(recipe_of(name), len(OLD))
    start = start_of(tmp_path, before, OLD)
    state = tiny_state(recipe_of(name), SHAPE, labels=len(NEW), seed=2)
    record = start.put_into(state, NEW)
    expected = seen(before, OLD)
    for what, found in seen(state, NEW).items():
        if what not in BY_ALL.get(name, ()):
            torch.testing.assert_close(found, expected[what], rtol=1e-4, atol=1e-5, msg=what)
    assert record["drawn_anew"]
    assert all(path.startswith(("generator/", "discriminator/")) for path in record["drawn_anew"])
    after, old = state.tensors(), before.tensors()
    networks = [path for path in after if path.startswith(("generator/", "discriminator/"))]
    assert sorted(path for path in networks if not torch.equal(after[path], old[path])) == record["drawn_anew"]


@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in ("acgan",)])
def test_classes_may_come_in_and_go(name: str, tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "with").mkdir()
    conditional = recipe_of(name)
    unconditional = conditional.changed(conditional=False)
    plain, classed = trained(unconditional, 0), trained(conditional, 3)
    came = tiny_state(conditional, SHAPE, labels=3, seed=2)
    assert start_of(tmp_path / "without", plain, ()).put_into(came, OLD)["drawn_anew"]
    went = tiny_state(unconditional, SHAPE, seed=2)
    start_of(tmp_path / "with", classed, OLD).put_into(went, ())
    for state, before in ((came, plain), (went, classed)):
        old = before.tensors()
        same = {path for path, one in state.tensors().items() if path in old and torch.equal(one, old[path])}
        assert any(path.startswith("generator/") for path in same)
        assert any(path.startswith("discriminator/") for path in same)
        iterate(state, draws_of(state, state.conditions))
        state.check_finite()


def test_the_same_classes_and_none_are_taken_whole_with_their_averages_and_no_optimiser(tmp_path: Path) -> None:
    recipe = tiny_recipe(ema_half_life=40.0)
    before = trained(recipe, 0, 3, ImageShape(1, 2, 2))
    state = tiny_state(recipe, seed=5)
    record = start_of(tmp_path, before, ()).put_into(state, ())
    after = state.tensors()
    assert {path for path in after if path.startswith("average/")}
    for path, one in after.items():
        assert torch.equal(one, before.tensors()[path]), path
    assert not [path for path in after if path.startswith("optimizer/")]
    assert state.counts() == tiny_state(recipe).counts()
    assert record["drawn_anew"] == []
    assert record["images_seen"] == 12
    assert len(record["sha256"]) == 64


def test_what_a_term_has_learnt_is_taken_and_a_term_that_was_not_there_is_drawn(tmp_path: Path) -> None:
    recipe = two_players("fastgan", *NARROW, "batch_size=4")
    without = recipe.changed(penalties={})
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    first, second = trained(recipe, 0), trained(without, 0)
    name = "penalties.reconstruction"
    state, drawn = tiny_state(recipe, SHAPE, seed=7), tiny_state(recipe, SHAPE, seed=7)
    assert start_of(tmp_path / "with", first, ()).put_into(state, ())["drawn_anew"] == []
    key = f"{name}/whole.layers.0.weight"
    assert torch.equal(state.tensors()[key], first.tensors()[key])
    state = tiny_state(recipe, SHAPE, seed=7)
    assert start_of(tmp_path / "without", second, ()).put_into(state, ())["drawn_anew"] == [name]
    assert torch.equal(state.tensors()[key], drawn.tensors()[key])


def embedding_of(state: TrainingState) -> Tensor:
    projection = state.cast.networks["discriminator"].projection
    assert isinstance(projection, ConditionProjection)
    return projection.embedding.weight


def test_a_class_keeps_its_column_and_others_are_as_they_were_drawn(tmp_path: Path) -> None:
    recipe = recipe_of("r3gan")
    before, state = trained(recipe, 3), tiny_state(recipe, SHAPE, labels=4, seed=2)
    drawn = embedding_of(tiny_state(recipe, SHAPE, labels=4, seed=2))
    start_of(tmp_path, before, OLD).put_into(state, NEW)
    old, new = embedding_of(before), embedding_of(state)
    assert torch.equal(new[:, 0], old[:, 2])  # cat
    assert torch.equal(new[:, 2], old[:, 0])  # ant
    assert torch.equal(new[:, [1, 3]], drawn[:, [1, 3]])


def test_another_network_is_refused_by_its_first_difference(tmp_path: Path) -> None:
    start = start_of(tmp_path, trained(tiny_recipe(), 0, 1, ImageShape(1, 2, 2)), ())
    other = tiny_state(tiny_recipe(name="wide", generator=tiny_recipe().generator.changed(widths=(16,))))
    with pytest.raises(UserError) as refusal:
        start.put_into(other, ())
    assert str(refusal.value) == (
        f"from: the generator of {tmp_path} is not that of 'wide': its layers.0.weight has 8×3, and here 16×3; without "
        "a recipe, the run's own is taken"
    )


def test_a_damaged_checkpoint_is_refused_and_left_where_it_is(tmp_path: Path) -> None:
    start = start_of(tmp_path, trained(tiny_recipe(), 0, 1, ImageShape(1, 2, 2)), ())
    content = bytearray(start.checkpoint.read_bytes())
    content[-3] ^= 1
    start.checkpoint.write_bytes(content)
    with pytest.raises(UserError, match=r"from: .*does not match its checksum"):
        start.put_into(tiny_state(tiny_recipe()), ())
    assert start.checkpoint.read_bytes() == bytes(content)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of three digits."""
    out = tmp_path_factory.mktemp("runs") / "old"
    settings = ("generator.width=4", "discriminator.width=4")
    ganache.train("mnist-speedrun", data="digits", labels=list("012"), images=64, out=out, settings=settings)
    return out


def tensors_of(run: Path, number: int) -> dict[str, Tensor]:
    return sealed.load(run / "checkpoints" / f"{number:08d}.safetensors")[0]


def test_a_run_begins_with_the_weights_says_so_and_needs_the_old_run_no_longer(digits: Path, tmp_path: Path) -> None:
    whole, broken, copy = tmp_path / "whole", tmp_path / "broken", tmp_path / "copy"
    digits.rename(copy)
    ganache.train(data="digits", labels=list("1278"), images=96, out=whole, start=copy)
    ganache.train(data="digits", labels=list("1278"), images=32, out=broken, start=copy)
    record = json.loads((whole / "run.json").read_text())
    assert record["start"]["run"] == str(copy)
    assert record["start"]["checkpoint"] == "00000064.safetensors"
    assert record["start"]["drawn_anew"] == ["discriminator/projection.embedding.weight", "generator/project.weight"]
    assert json.loads((whole / "recipe.json").read_text()) == json.loads((copy / "recipe.json").read_text())
    first, old = tensors_of(whole, 0), tensors_of(copy, 64)
    assert torch.equal(first["generator/layers.2.convolution.weight"], old["generator/layers.2.convolution.weight"])
    latent = 32
    columns, before = first["generator/project.weight"], old["generator/project.weight"]
    assert torch.equal(columns[:, :latent], before[:, :latent])
    assert torch.equal(columns[:, latent : latent + 2], before[:, latent + 1 : latent + 3])  # 1 and 2
    copy.rename(digits)  # out of the way
    ganache.resume(broken, images=96)
    assert all(torch.equal(one, tensors_of(broken, 96)[name]) for name, one in tensors_of(whole, 96).items())


def test_rules_and_shares_of_the_budget_are_settled_anew(tmp_path: Path) -> None:
    falling = Linear(start=1e-3, end=0.0, until=1.0, of="budget")
    settings = (f"optimizers.generator.learning_rate={falling.model_dump_json()}",)
    first, second = Run(tmp_path / "first"), Run(tmp_path / "second")
    company.train(first.path, "r3gan", "digits", images=32, batch=8, settings=settings)
    assert first.recipe() != first.asked_recipe()
    company.train(second.path, None, "digits", images=256, batch=64, start=first.path)
    plan = make_plan(Request(data="digits", recipe="r3gan", images=256, batch=64, settings=settings))
    assert second.recipe() == plan.recipe
    assert second.recipe() != first.recipe().changed(batch_size=64)


def test_the_newest_whole_checkpoint_is_taken(tmp_path: Path) -> None:
    run = tmp_path / "run"
    company.train(run, "vanilla", "digits", images=64, settings=("batch_size=32", "generator.widths=[8]"))
    newest, *older = sealed.newest(run / "checkpoints")
    newest.write_bytes(newest.read_bytes()[:-1])
    found = Start.of(run)
    assert (found.checkpoint, found.images_seen) == (older[0], int(older[0].stem))
    assert newest.exists()
    for path in older:
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=rf"^from: {newest} "):
        Start.of(run).read()


def test_a_run_that_the_machine_fails_at_once_has_the_weights_already(digits: Path, tmp_path: Path) -> None:
    def fail(*_: object) -> tuple[Observer, ...]:
        raise RunError("the disk is full")

    asked: dict[str, Any] = {"labels": ("1", "7"), "images": 32, "start": digits}
    with pytest.raises(RunError, match="the disk is full"):
        company.train(tmp_path / "failed", None, "digits", observers=fail, **asked)
    company.train(tmp_path / "whole", None, "digits", **asked)
    ganache.resume(tmp_path / "failed")
    whole, failed = tensors_of(tmp_path / "whole", 32), tensors_of(tmp_path / "failed", 32)
    assert all(torch.equal(one, failed[name]) for name, one in whole.items())


def test_a_run_that_is_refused_after_all_leaves_no_folder(digits: Path, tmp_path: Path) -> None:
    def refuse(*_: object) -> tuple[Observer, ...]:
        raise UserError("data: overlooked")

    with pytest.raises(UserError, match="overlooked"):
        company.train(tmp_path / "new", None, "digits", images=32, start=digits, observers=refuse)
    assert not (tmp_path / "new").exists()


def test_the_command_says_what_it_begins_with_and_that_it_does_not_fit(digits: Path, tmp_path: Path) -> None:
    asked = ("train", "--data", "digits", "--label", "1", "--label", "7", "--from", digits, "--dry-run")
    status, text, _ = run_command(*asked)
    assert status == 0
    line = next(line for line in text.splitlines() if line.startswith("start"))
    taken = f"the weights of {digits} (mnist-speedrun), as they were after 64 images"
    assert line.split(maxsplit=1)[1] == f"{taken}; drawn anew for classes that it did not know: 7"
    status, _, complaint = run_command(*asked[:1], "dcgan", *asked[1:])
    assert status == 2
    assert complaint.startswith(f"ganache: from: the generator of {digits} is not that of 'dcgan': its project.weight")
    assert len(complaint.splitlines()) == 1


def test_two_processes_begin_with_what_one_begins_with(digits: Path, tmp_path: Path) -> None:
    asked = ("train", "--data", "digits", "--label", "1", "--label", "7", "--from", str(digits), "--images", "32")
    found = ended(begin_two("-m", "ganache", *asked, "--out", str(tmp_path / "two")))
    assert [status for status, *_ in found] == [0, 0], found
    assert run_command(*asked, "--out", tmp_path / "one")[0] == 0
    one, two = tensors_of(tmp_path / "one", 0), tensors_of(tmp_path / "two", 0)
    assert one.keys() == two.keys()
    assert all(torch.equal(tensor, two[name]) for name, tensor in one.items())


def test_pictures_of_another_shape_are_one_line_that_names_what_would_do(digits: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as refusal:
        ganache.train(data="digits", size="16x16", out=tmp_path / "new", start=digits)
    assert str(refusal.value) == (
        f"from: the networks of {digits} know images of 8x8x1, and these are of 16x16x1; --size 8x8 --channels 1 would "
        "make them fit"
    )
    assert not (tmp_path / "new").exists()


def test_what_is_no_run_or_has_no_checkpoint_is_refused(digits: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run: there is no"):
        Start.of(tmp_path / "nothing")
    with pytest.raises(UserError, match="is not a run"):
        Start.of(digits / "generator.safetensors")
    empty = tmp_path / "empty"
    empty.mkdir()
    for name in ("recipe.json", "run.json"):
        (empty / name).write_bytes((digits / name).read_bytes())
    with pytest.raises(UserError, match=r"from: .*has no checkpoint to begin from"):
        Start.of(empty)
    record = json.loads((empty / "run.json").read_text())
    (empty / "run.json").write_text(json.dumps({**record, "selection": {}}))
    with pytest.raises(UserError, match="does not say which classes"):
        Start.of(empty)


@pytest.mark.parametrize("told_before", [True, False])
def test_outputs_that_mean_something_else_with_classes_are_drawn_anew(told_before: bool, tmp_path: Path) -> None:
    """Before, one row of what classes are compared with became the logit of those who know none."""
    recipe = recipe_of("stylegan2")
    before = trained(recipe.changed(conditional=told_before), 3 if told_before else 0)
    after = tiny_state(recipe.changed(conditional=not told_before), SHAPE, labels=0 if told_before else 3, seed=2)
    drawn = {name: one.clone() for name, one in after.tensors().items()}
    start = start_of(tmp_path, before, OLD if told_before else ())
    anew = start.put_into(after, () if told_before else OLD)["drawn_anew"]
    changed = [name for name in drawn if name.startswith(("discriminator/logit.", "generator/centre"))]
    assert len(changed) == 3
    for name in changed:
        assert name in anew
        assert torch.equal(after.tensors()[name], drawn[name])
