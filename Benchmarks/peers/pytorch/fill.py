"""Numbers that are the same in every worker: an integer hash of a tensor's name and an element's index.

A tensor of two and more axes is uniform with the variance 1 / (elements of one row along its first axis); one axis
means a norm or a bias: weights are near 1, everything else is near 0. Inputs have variance 1.
"""
import math

import numpy as np
import torch

CHUNK = 1 << 20


def seed(name):
    """FNV-1a, 32 bits."""
    h = 2166136261
    for byte in name.encode():
        h = (h ^ byte) * 16777619 & 0xFFFFFFFF
    return h


def numbers(name, shape, scale, offset=0.0):
    """offset + scale u, u uniform in [-1, 1)."""
    values = np.empty(math.prod(shape), np.float32)
    start = np.uint32(seed(name))
    for first in range(0, values.size, CHUNK):
        x = np.arange(first, min(first + CHUNK, values.size), dtype=np.uint32)
        x *= np.uint32(2654435761)
        x += start
        for shift, factor in ((15, 2246822519), (13, 3266489917), (16, 668265263)):
            x ^= x >> np.uint32(shift)
            x *= np.uint32(factor)
        x ^= x >> np.uint32(15)
        values[first : first + CHUNK] = offset + scale * (x / 2147483648.0 - 1)
    return torch.from_numpy(values).reshape(shape)


def parameter(name, shape):
    if len(shape) == 1:
        return numbers(name, shape, 0.1, 1.0 if name.endswith("weight") else 0.0)
    return numbers(name, shape, math.sqrt(3 / math.prod(shape[1:])))


def parameters(shapes):
    return {name: parameter(name, shape) for name, shape in shapes.items()}


def data(name, *shape):
    return numbers(name, shape, math.sqrt(3))
