"""Looking at modules as they are in inference, and leaving no trace of it."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn


@contextlib.contextmanager
def as_in_inference(*modules: nn.Module) -> Iterator[None]:
    """Put modules into evaluation mode; give every part its mode and every buffer its values back at the end.

    Some augmentations count in either mode: what is measured must not move what training adapts.
    """
    parts = [(part, part.training) for module in modules for part in module.modules()]
    buffers = [(buffer, buffer.clone()) for module in modules for buffer in module.buffers()]
    for module in modules:
        module.eval()
    try:
        yield
    finally:
        for part, training in parts:
            part.training = training
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
