"""What to change in a game that translates: remedies that read its recipe, as those of two players do theirs."""

import math

from ganache.evaluation.doctor.chart import Chart
from ganache.evaluation.doctor.movement import Prescription, written
from ganache.games import Contrastive, Cycle, Paired, Translation
from ganache.parts.schedules import at, times

NOISE = 0.1  # deviation; what is hidden is smaller
KEPT, IDENTITY, CONTRAST = 10.0, 5.0, 1.0  # λ and ι of Zhu et al. 2017, λ of Park et al. 2020
LOOSER, TIGHTER = 0.25, 4.0
PENALTY = 'penalties.r1={"kind": "R1", "weight": 0.1}'

TIES = {Cycle: "cycle", Contrastive: "contrast", Paired: "distance"}  # what keeps a translation to what was given


def believable(chart: Chart) -> Prescription | None:
    """Weigh the discriminator's opinion as the papers do, where the recipe weighs it less."""
    if not _weight(chart, "adversarial") < 1.0:
        return None
    return "let translations be believed: weigh the discriminator's opinion more", ("adversarial=1",)


def no_identity(chart: Chart) -> Prescription | None:
    """Do not ask for pictures to stay what they are, which teaches to change nothing."""
    if not _weight(chart, "identity") > 0.0:
        return None
    return "do not ask that pictures of the wanted domain stay as they are: it teaches to change nothing", (
        "identity=0",
    )


def looser(chart: Chart) -> Prescription | None:
    """Weigh a quarter of what keeps a translation to what was given."""
    return _tied(chart, LOOSER, "weigh less what ties a translation to what was given")


def tighter(chart: Chart) -> Prescription | None:
    """Weigh four times as much what keeps a translation to what was given."""
    return _tied(chart, TIGHTER, "weigh more what ties a translation to what was given")


def noisy_way_back(chart: Chart) -> Prescription | None:
    """Disturb translations before they go back (Bashkirova et al. 2019): what is hidden does not survive."""
    if not isinstance(chart.game, Cycle) or _weight(chart, "noise") >= NOISE:
        return None
    return "disturb translations before they go back, which what is hidden does not survive", (f"noise={NOISE}",)


def own_colours(chart: Chart) -> Prescription | None:
    """Ask that pictures of the wanted domain stay as they are, which keeps colours (Zhu et al. 2017, section 5.2)."""
    usual = IDENTITY if isinstance(chart.game, Cycle) else CONTRAST
    if not isinstance(chart.game, Cycle | Contrastive) or _weight(chart, "identity") >= usual:
        return None
    return "ask that pictures of the wanted domain stay as they are, which keeps colours", (f"identity={usual:g}",)


def penalised_slopes(chart: Chart) -> Prescription | None:
    """Penalise the discriminators' slopes at the reals (Mescheder et al. 2018); behind batch norm there are none."""
    game = chart.game
    if not isinstance(game, Translation) or game.penalties:
        return None
    norm = () if getattr(game.discriminator, "norm", "") != "batch" else ("discriminator.norm=instance",)
    return "penalise the discriminator's slopes at the reals", (*norm, PENALTY)


def _tied(chart: Chart, factor: float, advice: str) -> Prescription | None:
    name = next((name for kind, name in TIES.items() if isinstance(chart.game, kind)), "")
    if not _weight(chart, name) > 0.0:
        return None
    return advice, (f"{name}={written(times(getattr(chart.game, name), factor))}",)


def _weight(chart: Chart, field: str) -> float:
    """Return what a weight of the game is worth now; NaN where it has none of this name."""
    return at(getattr(chart.game, field, math.nan), chart.images_seen)
