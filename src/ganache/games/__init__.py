"""Who plays, and how. Importing this package makes every kind of game and of term known by its name."""

from ganache.games.bigan import BiGAN
from ganache.games.cast import Cast, Player
from ganache.games.game import Draws, Game, Moment, Product, Records
from ganache.games.two_players import Optimizers, TwoPlayers
from ganache.parts.auxiliary_terms import ClassCrossEntropy, CodeRecovery

Recipe = TwoPlayers  # as it was called when all games were of two players

__all__ = [
    "BiGAN",
    "Cast",
    "ClassCrossEntropy",
    "CodeRecovery",
    "Draws",
    "Game",
    "Moment",
    "Optimizers",
    "Player",
    "Product",
    "Recipe",
    "Records",
    "TwoPlayers",
]
