"""One iteration of training: the game is played once, the averages follow."""

from ganache.engine.random_draws import StateDraws
from ganache.engine.state import TrainingState
from ganache.games.game import Draws
from ganache.parts.moment import Moment


def iterate(state: TrainingState, draw: StateDraws) -> None:
    """Play one iteration, note what its moves recorded, and move on."""
    draw.begin()
    play(state, draw, state.now)
    move_on(state)


def play(state: TrainingState, draw: Draws, now: Moment) -> tuple[str, ...]:
    """Do what an iteration does on the device, and nothing else; return the names of what it recorded."""
    game = state.recipe
    with state.world.playing(game.batch_size):
        records = game.play(state.cast, draw, now)
    state.tally.add(records)
    images, later = game.images_per_iteration, now.after(game.images_per_iteration)
    for name, average in state.averages.items():
        average.update(state.cast.networks[name], images, game.ema_half_life, later)
    return tuple(records)


def move_on(state: TrainingState) -> None:
    """Count the iteration as finished."""
    state.counters.images_seen += state.recipe.images_per_iteration
    state.counters.iterations += 1
