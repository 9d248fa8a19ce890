"""Who plays, and how. Importing this package makes every kind of game, term and augmentation known by its name."""

from ganache.games.bigan import BiGAN as BiGAN
from ganache.games.cast import Cast as Cast
from ganache.games.cast import Player as Player
from ganache.games.contrastive import Contrastive as Contrastive
from ganache.games.cycle import Cycle as Cycle
from ganache.games.game import Draws as Draws
from ganache.games.game import Game as Game
from ganache.games.game import Product as Product
from ganache.games.game import Records as Records
from ganache.games.growing import Growing as Growing
from ganache.games.inversion import Inversion as Inversion
from ganache.games.marking import Marking as Marking
from ganache.games.paired import Paired as Paired
from ganache.games.translation import Translation as Translation
from ganache.games.two_players import Optimizers as Optimizers
from ganache.games.two_players import TwoPlayers as TwoPlayers
from ganache.parts.adaptive import Adaptive as Adaptive
from ganache.parts.auxiliary_terms import ClassCrossEntropy as ClassCrossEntropy
from ganache.parts.auxiliary_terms import CodeRecovery as CodeRecovery
from ganache.parts.diff_augment import DiffAugment as DiffAugment
from ganache.parts.drift import Drift as Drift
from ganache.parts.moment import Moment as Moment
from ganache.parts.orthogonality import OrthogonalRegularisation as OrthogonalRegularisation
from ganache.parts.path_length import PathLength as PathLength
from ganache.parts.wear import Wear as Wear

Recipe = TwoPlayers  # as it was called when all games were of two players
