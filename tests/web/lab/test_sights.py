"""What is seen of a training: points, fields, lattices and slopes where they are."""

import numpy as np
import pytest
import torch
from torch import nn

from ganache.evaluation.metrics.modes import count_modes
from ganache.web.lab.sights import ARROWS, EXTENT, FIELD, LATTICE, PICTURES, POINTS, REACH, Layers, Viewer
from ganache.web.lab.workbench import Workbench, planned
from tests.web.lab.benches import bench, recipe


def linear_layers(played: Workbench, network: str) -> list[nn.Linear]:
    return [layer for layer in played.state.cast.networks[network].modules() if isinstance(layer, nn.Linear)]


def discriminator_becomes_linear(played: Workbench, weights: tuple[float, float]) -> None:
    """Make the logit of a point (x, y) a x + b y, by a slope of 1 in a hidden unit on either side."""
    a, b = weights
    first, last = linear_layers(played, "discriminator")
    with torch.no_grad():
        for parameter in (*first.parameters(), *last.parameters()):
            parameter.zero_()
        first.weight[0] = torch.tensor([a, b])
        first.weight[1] = torch.tensor([-a, -b])
        last.weight[0, 0], last.weight[0, 1] = 1.0, -1.0


def test_each_layer_has_its_form_and_comes_when_it_is_wanted() -> None:
    viewer = Viewer(bench())
    assert viewer.first()["reals"].shape == (POINTS, 2)
    assert {name: array.shape for name, array in viewer.arrays(Layers(lattice=True, arrows=True)).items()} == {
        "fakes": (POINTS, 2),
        "field": (FIELD, FIELD),
        "lattice": (LATTICE, LATTICE, 2),
        "arrows": (ARROWS, 2),
    }
    assert set(viewer.arrays(Layers(field=False))) == {"fakes"}


def test_the_field_lies_row_by_row_from_the_top_left() -> None:
    played = bench("discriminator.slope=0")
    discriminator_becomes_linear(played, (1.0, 10.0))
    field = Viewer(played).arrays(Layers())["field"]
    assert field[0, 0] == pytest.approx(-EXTENT + 10 * EXTENT, rel=1e-5)
    assert field[-1, 0] == pytest.approx(-EXTENT - 10 * EXTENT, rel=1e-5)
    assert field[-1, -1] == pytest.approx(EXTENT - 10 * EXTENT, rel=1e-5)


def test_the_lattice_goes_where_the_generator_sends_it() -> None:
    played = bench("generator.latent.size=3")
    lattice = Viewer(played).arrays(Layers(lattice=True))["lattice"]
    network = played.state.cast.networks["generator"]
    corner = network(torch.tensor([[REACH, -REACH, 0.0]]), torch.zeros(1, 0))
    assert lattice[0, -1] == pytest.approx(corner.detach().flatten().numpy(), rel=1e-5)


@pytest.mark.parametrize("objective", ["Wasserstein", "RelativisticPairing"])
def test_arrows_go_down_the_generators_loss(objective: str) -> None:
    played = bench(f"objective={objective}", "discriminator.slope=0")
    discriminator_becomes_linear(played, (3.0, -2.0))
    arrows = Viewer(played).arrays(Layers(arrows=True))["arrows"]
    # -D(x) falls fastest along the slope of D, (3, -2); a pair's softplus makes it shorter, not otherwise.
    shares = arrows / np.array([3.0, -2.0])
    assert shares[:, 0] == pytest.approx(shares[:, 1], rel=1e-4)
    assert np.all((shares > 0) & (shares <= 1 + 1e-6))
    if objective == "Wasserstein":
        assert shares == pytest.approx(np.ones_like(shares), rel=1e-5)


def test_the_average_is_another_generator() -> None:
    viewer = Viewer(bench("ema_half_life=1000", iterations=3))
    fakes, average = (viewer.arrays(Layers(average=average))["fakes"] for average in (False, True))
    assert not np.array_equal(fakes, average)


def test_modes_are_counted_by_the_evaluations_rule_and_not_at_every_look() -> None:
    played, now = bench("ema_half_life=1000"), [0.0]
    viewer = Viewer(played, now=lambda: now[0])
    first = viewer.modes(Layers(), at_rest=False)
    density = played.density
    assert density is not None
    latents = viewer._many
    points = played.state.cast.networks["generator"](latents, torch.zeros(len(latents), 0)).detach().flatten(1).numpy()
    modes = count_modes(points, density.modes, density.std)
    assert first == {"found": modes.found, "known": 8, "quality": modes.high_quality}
    with torch.no_grad():
        last = linear_layers(played, "generator")[-1]
        last.weight.zero_()
        last.bias.copy_(torch.atanh(torch.tensor([0.8, 0.0])))  # every sample at the first mode
    now[0] = 0.1
    assert viewer.modes(Layers(), at_rest=False) == first
    assert viewer.modes(Layers(), at_rest=True) == {"found": 1, "known": 8, "quality": 1.0}


def test_conditions_are_those_of_the_reals_beside() -> None:
    viewer = Viewer(bench("conditional=true", data="grid"))
    shapes = {name: array.shape for name, array in viewer.arrays(Layers(lattice=True, arrows=True)).items()}
    assert shapes["fakes"] == (POINTS, 2)
    assert viewer.modes(Layers(), at_rest=True)["known"] == 25


def test_pictures_come_as_pixels_with_their_logits() -> None:
    viewer = Viewer(Workbench(planned(recipe(), "digits", 0)))
    reals, found = viewer.first()["reals"], viewer.arrays(Layers())
    assert reals.shape == (PICTURES, 8, 8, 1)
    assert reals.dtype == np.uint8
    assert {name: array.shape for name, array in found.items()} == {"fakes": (PICTURES, 8, 8, 1), "logits": (PICTURES,)}
    assert viewer.modes(Layers(), at_rest=True) == {}
