"""Data sources: from a folder, zip, IDX, CIFAR-10, digits or a 2-D density to seekable infinite batches.

The names are imported when they are first used: a process that decodes pictures needs none of them.
"""

from typing import TYPE_CHECKING

from ganache.support.lazy_names import importer

if TYPE_CHECKING:
    from ganache.data.dataset import Batch as Batch
    from ganache.data.dataset import Dataset as Dataset
    from ganache.data.opening import open_dataset as open_dataset
    from ganache.data.opening import pack as pack
    from ganache.data.opening import preview as preview
    from ganache.data.selection import Selection as Selection
    from ganache.data.selection import select as select
else:
    __getattr__, __dir__ = importer(__spec__)
