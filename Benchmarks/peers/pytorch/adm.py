"""The diffusion U-Net with torch.nn.functional, over a dictionary of tensors under the checkpoints' names."""
import math

import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from plan import plan


def linear_shapes(name, *shape):
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def norm_shapes(name, channels):
    return {f"{name}.weight": (channels,), f"{name}.bias": (channels,)}


def res_shapes(prefix, cin, cout, emb):
    shapes = norm_shapes(prefix + "in_layers.0", cin)
    shapes |= linear_shapes(prefix + "in_layers.2", cout, cin, 3, 3)
    shapes |= linear_shapes(prefix + "emb_layers.1", 2 * cout, emb)
    shapes |= norm_shapes(prefix + "out_layers.0", cout)
    shapes |= linear_shapes(prefix + "out_layers.3", cout, cout, 3, 3)
    if cin != cout:
        shapes |= linear_shapes(prefix + "skip_connection", cout, cin, 1, 1)
    return shapes


def shapes(c, last=0):
    """Names and shapes of all parameters; of those that are used up to block `last`."""
    emb = 4 * c.base
    s = linear_shapes("time_embed.0", emb, c.base) | linear_shapes("time_embed.2", emb, emb)
    for block in plan(c)[: last or None]:
        for j, layer in enumerate(block.layers):
            name = f"{block.name}.{j}"
            if layer.kind == "conv":
                s |= linear_shapes(name, layer.cout, layer.cin, 3, 3)
            elif layer.kind == "res":
                s |= res_shapes(name + ".", layer.cin, layer.cout, emb)
            else:
                s |= norm_shapes(name + ".norm", layer.cin)
                s |= linear_shapes(name + ".qkv", 3 * layer.cin, layer.cin, 1)
                s |= linear_shapes(name + ".proj_out", layer.cin, layer.cin, 1)
    if not last:
        s |= norm_shapes("out.0", c.base) | linear_shapes("out.2", 6, c.base, 3, 3)
    return s


def attention(q, k, v, fused=False):
    """q, k, v [heads, channels, tokens] -> the same shape."""
    if fused:
        rows = (t.transpose(1, 2)[None] for t in (q, k, v))
        return F.scaled_dot_product_attention(*rows)[0].transpose(1, 2)
    w = torch.softmax(torch.bmm(q.transpose(1, 2) * (1 / math.sqrt(q.shape[1])), k), -1)
    return torch.bmm(v, w.transpose(1, 2))


class Adm:
    """The network; `last` stops after that block, and gives its map; `recompute` keeps only the inputs of blocks for
    backward."""

    def __init__(self, config, parameters, last=0, channels_last=False, fused=False, recompute=False):
        self.c, self.last, self.fused, self.blocks = config, last, fused, plan(config)
        self.recompute = recompute
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.p = {k: v.contiguous(memory_format=self.format) if v.dim() == 4 else v for k, v in parameters.items()}

    def conv(self, x, name, padding=1):
        return F.conv2d(x, self.p[name + ".weight"], self.p[name + ".bias"], padding=padding)

    def norm(self, x, name):
        return F.group_norm(x, 32, self.p[name + ".weight"], self.p[name + ".bias"])

    def res(self, prefix, x, emb, resample=0):
        p = self.p
        h = F.silu(self.norm(x, prefix + "in_layers.0"))
        if resample < 0:
            h, x = F.avg_pool2d(h, 2), F.avg_pool2d(x, 2)
        elif resample > 0:
            h, x = F.interpolate(h, scale_factor=2, mode="nearest"), F.interpolate(x, scale_factor=2, mode="nearest")
        h = self.conv(h, prefix + "in_layers.2")
        e = F.linear(F.silu(emb), p[prefix + "emb_layers.1.weight"], p[prefix + "emb_layers.1.bias"])
        scale, shift = e[:, :, None, None].chunk(2, 1)
        h = self.norm(h, prefix + "out_layers.0") * (1 + scale) + shift
        h = self.conv(F.silu(h), prefix + "out_layers.3")
        if prefix + "skip_connection.weight" in p:
            x = self.conv(x, prefix + "skip_connection", 0)
        return x + h

    def attend(self, name, x):
        p, d, (b, c, height, width) = self.p, self.c.head, x.shape
        heads, tokens = c // d, height * width
        x = x.reshape(b, c, tokens)
        qkv = F.conv1d(self.norm(x, name + ".norm"), p[name + ".qkv.weight"], p[name + ".qkv.bias"])
        if self.c.new_order:
            q, k, v = (t.reshape(b * heads, d, tokens) for t in qkv.chunk(3, 1))
        else:
            q, k, v = qkv.reshape(b * heads, 3 * d, tokens).split(d, 1)
        a = attention(q, k, v, self.fused).reshape(b, c, tokens)
        a = F.conv1d(a, p[name + ".proj_out.weight"], p[name + ".proj_out.bias"])
        return (x + a).reshape(b, c, height, width)

    def embed(self, t):
        p, half = self.p, self.c.base // 2
        dtype = p["time_embed.0.weight"].dtype
        exact = torch.promote_types(dtype, torch.float32)  # 16 bits do not hold a step's number
        frequencies = torch.exp(-math.log(10000) * torch.arange(half, dtype=exact, device=t.device) / half)
        angles = t[:, None].to(exact) * frequencies[None]
        e = torch.cat([angles.cos(), angles.sin()], 1).to(dtype)
        e = F.silu(F.linear(e, p["time_embed.0.weight"], p["time_embed.0.bias"]))
        return F.linear(e, p["time_embed.2.weight"], p["time_embed.2.bias"])

    def block(self, block, h, emb):
        for j, layer in enumerate(block.layers):
            name = f"{block.name}.{j}"
            if layer.kind == "conv":
                h = self.conv(h, name)
            elif layer.kind == "res":
                h = self.res(name + ".", h, emb, layer.resample)
            else:
                h = self.attend(name, h)
        return h

    def __call__(self, x, t):
        h, kept, emb = x.contiguous(memory_format=self.format), [], self.embed(t)
        for block in self.blocks[: self.last or None]:
            if block.skip:
                h = torch.cat([h, kept.pop()], 1)
            if self.recompute:
                h = checkpoint(self.block, block, h, emb, use_reentrant=False, preserve_rng_state=False)
            else:
                h = self.block(block, h, emb)
            if block.name.startswith("input"):
                kept.append(h)
        return h if self.last else self.conv(F.silu(self.norm(h, "out.0")), "out.2")
