"""The diffusion U-Net (Dhariwal and Nichol 2021) laid out block by block, and what it costs.

Names follow the published checkpoints: input_blocks.i, middle_block, output_blocks.i, and inside a block 0, 1, 2.
Blocks are counted from 1: the encoder's, the middle one, the decoder's.
"""
from typing import NamedTuple


class Config(NamedTuple):
    """A network: image size, channels, multipliers per level, residual blocks per level, attention's factors."""

    image: int
    base: int
    mult: tuple
    blocks: int
    attention: tuple
    head: int
    new_order: bool = False  # all queries, all keys, all values; otherwise head by head


ADM_256 = Config(256, 256, (1, 1, 2, 2, 4, 4), 2, (8, 16, 32), 64)
SMALL_64 = Config(64, 64, (1, 2, 3, 4), 3, (2, 4, 8), 64, True)
TINY_8 = Config(8, 32, (1, 2), 1, (2,), 32)
SMALL_32 = Config(32, 64, (1, 2, 2, 2), 2, (2, 4), 32)


class Layer(NamedTuple):
    """kind is conv, res or attn; resample is -1 to halve, 1 to double, 0 to keep; size is that of the output."""

    kind: str
    cin: int
    cout: int
    resample: int
    size: int


class Block(NamedTuple):
    name: str
    layers: list
    skip: bool  # takes the last of the encoder's outputs that nobody has taken


def plan(c):
    """The blocks, in the order of execution."""
    ch, factor, blocks, skips = c.base * c.mult[0], 1, [], [c.base * c.mult[0]]

    def attention():
        return [Layer("attn", ch, ch, 0, c.image // factor)] if factor in c.attention else []

    def encode(layers):
        blocks.append(Block(f"input_blocks.{len(skips) - 1}", layers, False))

    encode([Layer("conv", 3, ch, 0, c.image)])
    for level, m in enumerate(c.mult):
        for _ in range(c.blocks):
            first, ch = Layer("res", ch, c.base * m, 0, c.image // factor), c.base * m
            skips.append(ch)
            encode([first] + attention())
        if level + 1 < len(c.mult):
            factor *= 2
            skips.append(ch)
            encode([Layer("res", ch, ch, -1, c.image // factor)])
    res = Layer("res", ch, ch, 0, c.image // factor)
    blocks.append(Block("middle_block", [res, Layer("attn", ch, ch, 0, c.image // factor), res], False))
    for level in range(len(c.mult) - 1, -1, -1):
        for i in range(c.blocks + 1):
            width = c.base * c.mult[level]
            first, ch = Layer("res", ch + skips.pop(), width, 0, c.image // factor), width
            layers = [first] + attention()
            if level and i == c.blocks:
                factor //= 2
                layers.append(Layer("res", ch, ch, 1, c.image // factor))
            name = f"output_blocks.{sum(b.skip for b in blocks)}"
            blocks.append(Block(name, layers, True))
    return blocks


def macs(c, last=0):
    """Multiply-accumulates of one image up to block `last`; of the whole network when 0."""
    emb = 4 * c.base
    total = emb * (c.base + emb)
    blocks = plan(c)
    for b in blocks[: last or None]:
        for l in b.layers:
            pixels = l.size * l.size
            if l.kind == "conv":
                total += 9 * l.cin * l.cout * pixels
            elif l.kind == "res":
                shortcut = l.cin * l.cout if l.cin != l.cout else 0
                total += pixels * (9 * l.cin * l.cout + 9 * l.cout**2 + shortcut) + emb * 2 * l.cout
            else:
                total += 4 * l.cin**2 * pixels + 2 * l.cin * pixels**2
    if not last:
        total += 9 * c.base * 6 * c.image**2
    return total
