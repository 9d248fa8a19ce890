"""Nearest neighbours, and pairs within a radius, among many vectors: in blocks, without copies of the vectors.

The squared distances of a tile come from one matrix product in float32, on a device where one is given,

    |x - y|² = |x|² + |y|² - 2 xᵀy    of centred vectors, so that little cancels.

That is fast, but off by as much as `slack` (|x|² + |y|²). So it yields bounds, and settles only what is certain by
them. The candidates for the nearest, and the pairs too close to a radius to call, are decided by the distance of the
vectors as they were given, subtracted in float64. So the results are those of a plain float64 loop, ties included
(d ≤ radius), and depend neither on the tiles nor on the device.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.engine.full_precision import full_precision
from ganache.engine.transfers import CPU, with_float64
from ganache.evaluation.metrics.inputs import Features, Floats

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

TILE, TILE_OF_DEVICE = 1024, 4096  # rows and columns at a time, on the CPU and elsewhere
SPARE = 4  # candidates beyond the k nearest
GATHERED = 1 << 20  # values gathered at once for distances in float64: 8 MiB


@dataclass(frozen=True)
class Nearest:
    """Of each vector, the indices (N, k) of its nearest and their squared distances (N, k), nearest first."""

    indices: Indices
    squares: Floats

    @property
    def distances(self) -> Floats:
        """The distances (N, k); their squares are kept because ties survive no square root."""
        return np.sqrt(self.squares)


def nearest(
    queries: Features, points: Features, k: int = 1, tile: int | None = None, device: torch.device = CPU
) -> Nearest:
    """Return the k nearest of `points` (M, D), k ≤ M, of each of `queries` (N, D)."""
    return _nearest(Pairs(queries, points, tile=tile, device=device), k, None)


def nearest_in_blocks(queries: Features, blocks: Iterable[Features], device: torch.device = CPU) -> Nearest:
    """Return the nearest of each of `queries` (N, D) among points that come in blocks (M, D), of which one is held.

    The same as `nearest` of all points at once: distances are exact, and of equal ones the first counts.
    """
    indices, squares = np.zeros((len(queries), 1), np.intp), np.full((len(queries), 1), np.inf)
    done = 0
    for block in blocks:
        found = nearest(queries, block, device=device)
        nearer = found.squares < squares
        indices[nearer], squares[nearer] = found.indices[nearer] + done, found.squares[nearer]
        done += len(block)
    assert done, "no points"
    return Nearest(indices, squares)


def nearest_others(points: Features, k: int = 1, tile: int | None = None, device: torch.device = CPU) -> Nearest:
    """Return the k nearest of each of `points` (N, D) among the others, k < N."""
    return _nearest(Pairs(points, None, tile=tile, device=device), k, np.arange(len(points)))


@dataclass(frozen=True)
class Tile:
    """Bounds (R, C) on the squared distances between a slice of the rows and a slice of the columns, scaled.

    They are on the device.
    """

    rows: slice
    columns: slice
    lower: Tensor
    upper: Tensor


class Pairs:
    """All pairs of a row of `rows` (N, D) and a row of `columns` (M, D); with None, all pairs among the rows."""

    def __init__(
        self,
        rows: Features,
        columns: Features | None,
        dtype: torch.dtype = torch.float32,
        tile: int | None = None,
        device: torch.device = CPU,
    ) -> None:
        self.among = columns is None
        self.rows, self.columns = rows, rows if columns is None else columns
        columns = self.columns
        assert rows.shape[1] == columns.shape[1], (rows.shape, columns.shape)
        self.dtype, self.device = dtype, with_float64(device)
        self.tile = tile or (TILE if self.device == CPU else TILE_OF_DEVICE)
        # Any common point serves; one of few digits is subtracted from float32 vectors almost without rounding.
        self._centre = columns.mean(axis=0, dtype=np.float64).astype(np.float32)
        left, right = self._squared_norms(rows), self._squared_norms(columns)
        largest = max(left.max(), right.max())
        # A power of two: nothing is rounded, and no square overflows or vanishes.
        self._scale = 2.0 ** -np.ceil(np.log2(largest) / 2) if largest > 0 else 1.0
        self._left_norms, self._right_norms = self._placed(left * self.unit), self._placed(right * self.unit)
        # A sum of D rounded products errs like √D; the 8 covers the rounding of the vectors, the norms and the sums.
        self.slack = 8.0 * torch.finfo(dtype).eps * float(np.sqrt(rows.shape[1]))
        self._vanished = torch.finfo(dtype).tiny * rows.shape[1]  # what products too small for a float leave out

    @property
    def unit(self) -> float:
        """What squared distances are multiplied with in a tile."""
        return float(self._scale**2)

    def tiles(self) -> Iterator[Tile]:
        """Yield every tile; of the pairs among the rows, those on and above the diagonal."""
        for rows in _slices(len(self.rows), 0, self.tile):
            doubled = self._centred(self.rows, rows).mul_(-2.0)
            for columns in _slices(len(self.columns), rows.start if self.among else 0, self.tile):
                with full_precision():
                    squares = doubled @ self._centred(self.columns, columns).T
                norms = self._left_norms[rows, None] + self._right_norms[columns]
                squares += norms
                norms *= self.slack
                norms += self._vanished
                upper = squares + norms
                squares -= norms
                yield Tile(rows, columns, squares, upper)

    def within(self, tile: Tile, radii: Floats) -> Mask:
        """Return where (R, C) the distance is at most the radius; squared radii (R, 1), (1, C) or (1, 1)."""
        scaled = self._placed(radii * self.unit)
        surely = tile.upper <= scaled
        left, right = (surely ^ (tile.lower <= scaled)).nonzero().cpu().numpy().T
        inside: Mask = surely.cpu().numpy()
        limits = np.broadcast_to(radii, inside.shape)[left, right]
        inside[left, right] = self.squared(left + tile.rows.start, right + tile.columns.start) <= limits
        return inside

    def squared(self, rows: Indices, columns: Indices) -> Floats:
        """Return the squared distance, in float64, of each pair (rows[i], columns[i])."""
        squares = np.empty(len(rows))
        step = max(1, GATHERED // self.rows.shape[1])
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            gaps = self.rows[rows[part]].astype(np.float64)
            gaps -= self.columns[columns[part]]
            squares[part] = np.einsum("nd,nd->n", gaps, gaps)
        return squares

    def _centred(self, points: Features, rows: slice) -> Tensor:
        given = torch.from_numpy(np.require(points[rows], requirements=["C", "W"])).to(self.device)
        exact = torch.promote_types(given.dtype, self.dtype)
        moved = given.to(exact) - torch.from_numpy(self._centre).to(self.device)
        return moved.to(self.dtype).mul_(self._scale)

    def _placed(self, values: Floats) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.dtype).to(self.device)

    def _squared_norms(self, points: Features) -> Floats:
        norms = np.empty(len(points))
        for rows in _slices(len(points), 0, self.tile):
            moved = np.subtract(points[rows], self._centre, dtype=np.float64)
            norms[rows] = np.einsum("nd,nd->n", moved, moved)
        return norms


def _nearest(pairs: Pairs, k: int, own: Indices | None) -> Nearest:
    """Return the k nearest columns of each row; `own[i]` is the column that row i must not count."""
    available = len(pairs.columns) - (own is not None)
    assert 1 <= k <= available, (k, available)
    bounds, candidates = _candidates(pairs, min(k + SPARE, available), own)
    candidates.sort(axis=1)  # of equally near columns, the first counts as nearer
    rows = np.repeat(np.arange(len(candidates)), candidates.shape[1])
    squares = pairs.squared(rows, candidates.ravel()).reshape(candidates.shape)
    order = np.argsort(squares, axis=1, kind="stable")[:, :k]
    indices = np.take_along_axis(candidates, order, axis=1)
    squares = np.take_along_axis(squares, order, axis=1)
    # What was not kept is no nearer than the largest bound that was: a row is settled when its k-th is not farther.
    # Many equal distances leave rows unsettled. Those are searched again, by bounds in float64.
    unsettled = (squares[:, -1] * pairs.unit > bounds.max(axis=1)) & (squares[:, -1] > 0)
    if pairs.dtype is torch.float32 and candidates.shape[1] < available and unsettled.any():
        again = Pairs(pairs.rows[unsettled], pairs.columns, torch.float64, pairs.tile, pairs.device)
        found = _nearest(again, k, None if own is None else own[unsettled])
        indices[unsettled], squares[unsettled] = found.indices, found.squares
    return Nearest(indices, squares)


def _candidates(pairs: Pairs, kept: int, own: Indices | None) -> tuple[NDArray[np.floating], Indices]:
    """Return the `kept` smallest lower bounds of each row, in any order, and their columns."""
    bounds = torch.full((len(pairs.rows), kept), torch.inf, dtype=pairs.dtype, device=pairs.device)
    candidates = torch.zeros((len(pairs.rows), kept), dtype=torch.int64, device=pairs.device)
    for tile in pairs.tiles():
        if own is not None:
            columns = own[tile.rows] - tile.columns.start
            hit = np.nonzero((columns >= 0) & (columns < tile.lower.shape[1]))[0]
            at_rows, at_columns = (torch.from_numpy(places).to(pairs.device) for places in (hit, columns[hit]))
            tile.lower[at_rows, at_columns] = torch.inf
        _keep_smallest(bounds[tile.rows], candidates[tile.rows], tile.lower, tile.columns.start)
        if pairs.among and tile.rows != tile.columns:
            _keep_smallest(bounds[tile.columns], candidates[tile.columns], tile.lower.T, tile.rows.start)
    return bounds.cpu().numpy(), candidates.cpu().numpy()


def _keep_smallest(bounds: Tensor, candidates: Tensor, lower: Tensor, offset: int) -> None:
    """Replace each row's largest bounds by smaller ones of `lower` (R, C), whose first column is `offset`."""
    kept = bounds.shape[1]
    found, places = lower.topk(min(kept, lower.shape[1]), dim=1, largest=False, sorted=False)
    all_candidates = torch.cat([candidates, places + offset], dim=1)
    smallest, chosen = torch.cat([bounds, found], dim=1).topk(kept, dim=1, largest=False, sorted=False)
    bounds.copy_(smallest)
    candidates.copy_(all_candidates.gather(1, chosen))


def _slices(count: int, start: int, size: int) -> Iterator[slice]:
    return (slice(first, min(first + size, count)) for first in range(start, count, size))
