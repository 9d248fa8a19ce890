"""What a GAN must be better than to be worth its training: scikit-learn's isolation forest and nearest neighbours."""

import numpy as np
from torch import Tensor

from ganache.support.streams import derive
from ganache.uses.anomaly.judges import StrangenessJudge, flat
from ganache.uses.areas import Scores

NEAREST = 5  # that the distance is taken to, as is usual


class Forest(StrangenessJudge):
    """How few cuts at random part something from all others (Liu et al. 2008, "Isolation Forest")."""

    def __init__(self, normals: Tensor, seed: int) -> None:
        from sklearn.ensemble import IsolationForest

        self._forest = IsolationForest(random_state=derive(seed, "forest") % 2**31).fit(flat(normals))

    def scores(self, values: Tensor) -> Scores:
        """Return its score, which is near 1 for what is parted at once."""
        return np.asarray(-self._forest.score_samples(flat(values)), np.float64)


class PlainNeighbours(StrangenessJudge):
    """The distance to the fifth nearest normal in the values themselves; `scaled` ones have deviation 1 each.

    Columns of a table have units of their own, and pixels have one.
    """

    def __init__(self, normals: Tensor, scaled: bool) -> None:
        from sklearn.neighbors import NearestNeighbors

        rows = flat(normals)
        self._centre, spread = rows.mean(axis=0), rows.std(axis=0)
        self._spread = np.where(scaled & (spread > 1e-6), spread, 1.0)
        self._search = NearestNeighbors(n_neighbors=min(NEAREST, len(rows))).fit((rows - self._centre) / self._spread)

    def scores(self, values: Tensor) -> Scores:
        """Return the distance."""
        distances, _ = self._search.kneighbors((flat(values) - self._centre) / self._spread)
        return np.asarray(distances[:, -1], np.float64)


def baselines(normals: Tensor, seed: int, scaled: bool) -> dict[str, StrangenessJudge]:
    """Return the baselines by name; raises ModuleNotFoundError where scikit-learn is not installed."""
    return {"isolation-forest": Forest(normals, seed), "plain-neighbours": PlainNeighbours(normals, scaled)}
