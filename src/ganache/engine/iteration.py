"""One iteration of training: the game is played once, the averages follow."""

from ganache.engine.random_draws import StateDraws
from ganache.engine.state import TrainingState
from ganache.parts.schedules import at


def iterate(state: TrainingState, draw: StateDraws) -> None:
    """Play one iteration, note what its moves recorded, and move on."""
    game, counters = state.recipe, state.counters
    draw.begin()
    state.tally.add(game.play(state.cast, draw, state.now))
    counters.images_seen += game.images_per_iteration
    counters.iterations += 1
    half_life = at(game.ema_half_life, counters.images_seen)
    for name, average in state.averages.items():
        average.update(state.cast.networks[name], game.images_per_iteration, half_life)
