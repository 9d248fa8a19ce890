"""CIFAR's python batches without running them: serialised Python objects are programs, and only data is taken here.

The opcodes are listed by the standard library's disassembler, which executes nothing. A batch is a dictionary; the
bytes after its key "data" are the pixels, the whole numbers after its key "labels" the labels.
"""

import pickletools
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from ganache.support.errors import UserError

_ROW_BYTES = 3 * 32 * 32
_TEXT = {"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}
_BYTES = {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"}
_WHOLE = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"}
_INSIDE_LIST = {"MARK", "EMPTY_LIST", "LIST", "APPEND", "APPENDS", "FRAME"}
_INSIDE_LIST |= {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}
_AFTER_LIST = {"SETITEM", "SETITEMS", "STOP"}
# What NumPy arrays name in such files, under the modules' old and new names.
_HARMLESS = {f"numpy.{core}.multiarray _reconstruct" for core in ("core", "_core")}
_HARMLESS |= {"numpy ndarray", "numpy dtype", "_codecs encode"}


def read_python_batch(content: bytes, where: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Return pixels (n, 3072) uint8 and labels (n,) of one batch; raises UserError on anything unexpected."""
    pixels: bytes | None = None
    labels: list[int] | None = None
    expects_labels = expects_pixels = False
    strings: list[str] = []
    for name, value in _operations(content, where):
        if name in ("GLOBAL", "INST") or name == "STACK_GLOBAL":
            _refuse_foreign(value if name != "STACK_GLOBAL" else " ".join(strings[-2:]), where)
        if name in _TEXT or name in _BYTES:
            text = value if isinstance(value, str) else value.decode("latin-1")
            expects_labels = False
            if expects_pixels and len(text) >= _ROW_BYTES:
                pixels, expects_pixels = _encode(text, where), False
            elif text == "data":
                expects_pixels = True
            elif text == "labels":
                labels, expects_labels, expects_pixels = [], True, False
            strings = [*strings[-1:], text[:100]]
        elif expects_labels and name in _WHOLE and labels is not None:
            labels.append(int(value))
        elif expects_labels and name in _AFTER_LIST:
            expects_labels = False
        elif expects_labels and name not in _INSIDE_LIST:
            raise UserError(f"data: {where} is not a CIFAR-10 batch: {name} among its labels")
    return _checked(pixels, labels, where)


def _operations(content: bytes, where: str) -> Iterator[tuple[str, Any]]:
    try:
        for operation, value, _ in pickletools.genops(BytesIO(content)):
            yield operation.name, value
    except (ValueError, EOFError, IndexError, UnicodeError, OverflowError, MemoryError) as error:
        raise UserError(f"data: {where} is not a CIFAR-10 batch: {' '.join(str(error).split())[:200]}") from error


def _refuse_foreign(named: object, where: str) -> None:
    if named not in _HARMLESS:
        raise UserError(f"data: {where} is not a CIFAR-10 batch: it names {str(named)[:100]!r} (nothing was run)")


def _encode(text: str, where: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise UserError(f"data: {where} is not a CIFAR-10 batch: its pixels are not bytes") from error


def _checked(
    pixels: bytes | None, labels: list[int] | None, where: str
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    if pixels is None or not labels:
        missing = "data" if pixels is None else "labels"
        raise UserError(f"data: {where} is not a CIFAR-10 batch: no {missing!r} in it")
    if len(pixels) != _ROW_BYTES * len(labels):
        raise UserError(f"data: {where} has {len(pixels)} bytes of pixels for {len(labels)} labels, not 3072 each")
    if not all(0 <= label < 2**31 for label in labels):
        raise UserError(f"data: {where} holds a label that is no class number")
    return np.frombuffer(pixels, np.uint8).reshape(-1, _ROW_BYTES), np.array(labels, np.int32)
