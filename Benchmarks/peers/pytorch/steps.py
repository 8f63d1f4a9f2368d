"""Training steps: a diffusion U-Net with the hybrid loss (Nichol and Dhariwal 2021), the Attention head, DifFeed."""
import math

import torch
import torch.nn.functional as F

from adm import Adm, attention, linear_shapes, shapes
from cases import HEAD_CLASSES, HEAD_LAYERS, HEAD_WIDTH
from fill import data, parameters
from plan import SMALL_32, SMALL_64, plan

RATE = 1e-4


def trained(shapes_of, device, channels_last=False):
    """Parameters as the network reads them: a copy in another layout would not see the optimiser's steps."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return {k: (v.to(device).contiguous(memory_format=layout) if v.dim() == 4 else v.to(device)).requires_grad_()
            for k, v in parameters(shapes_of).items()}


def cast(device, half):
    """Mixed precision in a 16-bit type; nothing where that is None."""
    return torch.autocast(torch.device(device).type, half or torch.bfloat16, enabled=half is not None)


def length(parameters):
    """Of all gradients together."""
    return torch.stack(torch._foreach_norm([p.grad for p in parameters.values()])).norm().item()


def exact_length(parameters):
    """The same in double precision: float32 sums over millions of elements lose the fourth digit."""
    return math.sqrt(sum(p.grad.double().square().sum().item() for p in parameters.values()))


def check(loss, parameters, optimiser, losses=2):
    """The loss, the length of its gradient, and the losses after steps of the optimiser."""
    result = []
    for step in range(losses - 1):
        optimiser.zero_grad()
        before = loss()
        before.backward()
        result += [before.item()] + ([] if step else [exact_length(parameters)])
        optimiser.step()
    with torch.no_grad():
        return result + [loss().item()]


class Diffusion:
    """Tables of the linear schedule with 1,000 steps, and the loss with a learnt variance."""

    def __init__(self, device="cpu"):
        beta = torch.linspace(1e-4, 2e-2, 1000, dtype=torch.float64)
        bar = torch.cumprod(1 - beta, 0)
        before = torch.cat([torch.ones(1, dtype=torch.float64), bar[:-1]])
        variance = beta * (1 - before) / (1 - bar)
        variance[0] = variance[1]  # its logarithm is wanted, and the posterior of step 0 has none
        self.signal, self.noise = bar.sqrt(), (1 - bar).sqrt()
        self.start_x, self.start_eps = (1 / bar).sqrt(), (1 / bar - 1).sqrt()
        self.mean_start = beta * before.sqrt() / (1 - bar)
        self.mean_x = (1 - before) * (1 - beta).sqrt() / (1 - bar)
        self.log_small, self.log_large = variance.log(), beta.log()
        for name, value in vars(self).items():
            setattr(self, name, value.to(device))

    @staticmethod
    def at(table, t):
        return table[t].float()[:, None, None, None]

    def sample(self, start, t, noise):
        return self.at(self.signal, t) * start + self.at(self.noise, t) * noise

    def losses(self, network, start, t, noise):
        """[N]: squared error of the noise, and the bound's term, which trains the variance alone."""
        x = self.sample(start, t, noise)
        predicted, values = network(x, t).chunk(2, 1)
        mse = (noise - predicted).square().mean((1, 2, 3))
        guess = self.at(self.start_x, t) * x - self.at(self.start_eps, t) * predicted.detach()
        weights = self.at(self.mean_start, t), self.at(self.mean_x, t)
        true, mean = weights[0] * start + weights[1] * x, weights[0] * guess + weights[1] * x
        small, share = self.at(self.log_small, t), (values + 1) / 2
        log_variance = share * self.at(self.log_large, t) + (1 - share) * small
        ratio = small - log_variance
        divergence = 0.5 * (ratio.exp() - 1 - ratio + (true - mean).square() * (-log_variance).exp())
        bound = divergence.mean((1, 2, 3))
        if (t == 0).any():
            likelihood = self.log_likelihood(start, mean, 0.5 * log_variance)
            bound = torch.where(t == 0, -likelihood.mean((1, 2, 3)), bound)
        return mse + bound / math.log(2)

    @staticmethod
    def log_likelihood(x, mean, log_scale):
        """Of bytes mapped to [-1, 1], under a normal distribution cut into bins (Ho et al. 2020, equation 13)."""

        def below(edge):
            z = (x - mean + edge) * (-log_scale).exp()
            return 0.5 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))

        upper, lower = below(1 / 255), below(-1 / 255)
        mass = torch.where(x < -0.999, upper, torch.where(x > 0.999, 1 - lower, upper - lower))
        return mass.clamp(min=1e-12).log()


class PretrainStep:
    """One optimiser step of a network; a small one on 32 images of 32 x 32 when nothing is said."""

    def __init__(self, channels_last=False, fused=False, device="cpu", half=None, config=SMALL_32, batch=32, losses=2,
                 recompute=False):
        self.device, self.half, self.losses = device, half, losses
        self.shape = batch, 3, config.image, config.image
        self.p = trained(shapes(config), device, channels_last)
        self.network = Adm(config, self.p, 0, channels_last, fused, recompute)
        self.averages = [p.detach().clone() for p in self.p.values()]
        # PyTorch's fastest, which it has on GPUs only.
        options = {"fused": True} if torch.device(device).type == "cuda" else {}
        self.optimiser = torch.optim.AdamW(self.p.values(), lr=RATE, weight_decay=0, **options)
        self.diffusion, self.x = Diffusion(device), data("x", *self.shape).to(device) / math.sqrt(3)

    def predict(self, x, t):
        with cast(self.device, self.half):
            return self.network(x, t).float()

    def loss(self, t, noise):
        return self.diffusion.losses(self.predict, self.x, t, noise).mean()

    def check(self):
        t, noise = torch.arange(self.shape[0]) * 37 % 1000, data("noise", *self.shape)
        t, noise = t.to(self.device), noise.to(self.device)
        return check(lambda: self.loss(t, noise), self.p, self.optimiser, self.losses)

    def __call__(self):
        self.optimiser.zero_grad()
        loss = self.loss(torch.randint(0, 1000, self.shape[:1], device=self.device), torch.randn_like(self.x))
        loss.backward()
        length(self.p)
        self.optimiser.step()
        with torch.no_grad():
            torch._foreach_mul_(self.averages, 0.9999)
            torch._foreach_add_(self.averages, list(self.p.values()), alpha=1e-4)
        return loss.item()


class SampleStep:
    """A step of DDIM (Song et al. 2021, equation 12, without noise) on 32 images of 32 x 32, 50 steps to an image."""

    def __init__(self, channels_last=False, fused=False, device="cpu", half=None):
        frozen = {k: v.to(device, half) for k, v in parameters(shapes(SMALL_32)).items()}
        self.network, self.half = Adm(SMALL_32, frozen, 0, channels_last, fused), half
        bar = torch.cumprod(1 - torch.linspace(1e-4, 2e-2, 1000, dtype=torch.float64), 0)[::20]
        self.bars = list(zip(bar.tolist(), [1.0] + bar.tolist()))
        self.start = data("x", 32, 3, 32, 32).to(device)
        self.x, self.left = self.start, len(self.bars)

    @torch.inference_mode()
    def __call__(self):
        if not self.left:
            self.x, self.left = self.start, len(self.bars)
        self.left -= 1
        x, (bar, after) = self.x, self.bars[self.left]
        t = torch.full((len(x),), 20.0 * self.left, device=x.device)
        noise = self.network(x.to(x.device, self.half), t)[:, :3].float()
        start = (x - math.sqrt(1 - bar) * noise).div(math.sqrt(bar)).clamp(-1, 1)
        noise = (x - math.sqrt(bar) * start) / math.sqrt(1 - bar)
        self.x = math.sqrt(after) * start + math.sqrt(1 - after) * noise
        return self.x

    def check(self):
        return [self().double().square().mean().sqrt().item() for _ in range(3)]


def head_shapes(channels):
    """Names and shapes of the Attention head on block 24, maps of 16 x 16."""
    w = HEAD_WIDTH
    s = {"pre_layer.24.1.weight": (channels, 16, 16), "pre_layer.24.1.bias": (channels, 16, 16)}
    s |= linear_shapes("pre_layer.24.2", w, channels, 1, 1)
    s["intra_inter_block_attention.cls_token"] = (1, 1, w)
    for i in range(1, HEAD_LAYERS + 1):
        name = f"intra_inter_block_attention.layers.{i}."
        s |= {name + n: (w,) for n in ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias")}
        s[name + "attn.qkv.weight"] = (3 * w, w)
        s |= linear_shapes(name + "attn.proj", w, w)
        s |= linear_shapes(name + "mlp.fc1", 4 * w, w) | linear_shapes(name + "mlp.fc2", w, 4 * w)
    return s | linear_shapes("head", HEAD_CLASSES, w)


class HeadStep:
    """Features of 8 images of 64 x 64 from a frozen network, then one optimiser step of the head on them."""

    def __init__(self, channels_last=False, fused=False, device="cpu", half=None):
        self.start(SMALL_64, 8, fused, device, half)
        frozen = {k: v.to(device, half) for k, v in parameters(shapes(SMALL_64, 24)).items()}
        self.network = Adm(SMALL_64, frozen, 24, channels_last, fused)
        self.optimise()

    def start(self, config, batch, fused, device, half):
        self.device, self.half, self.fused = device, half, fused
        self.channels = plan(config)[23].layers[-1].cout
        self.p = trained(head_shapes(self.channels), device)
        self.x = data("x", batch, 3, config.image, config.image).to(device, half)
        self.t, self.labels = torch.full((batch,), 150.0, device=device), torch.arange(batch, device=device) * 125

    def optimise(self):
        self.optimiser = torch.optim.AdamW(self.p.values(), lr=RATE, weight_decay=0)

    def features(self):
        with torch.no_grad():
            return self.network(self.x, self.t).float()

    def linear(self, x, name):
        return F.linear(x, self.p[name + ".weight"], self.p.get(name + ".bias"))

    def transform(self, x, name):
        p, (b, n, w) = self.p, x.shape
        h = F.layer_norm(x, (w,), p[name + "norm1.weight"], p[name + "norm1.bias"])
        q, k, v = self.linear(h, name + "attn.qkv").reshape(b, n, 3, 8, w // 8).permute(2, 0, 3, 4, 1).flatten(1, 2)
        h = attention(q, k, v, self.fused).reshape(b, w, n).transpose(1, 2)
        x = x + self.linear(h, name + "attn.proj")
        h = F.layer_norm(x, (w,), p[name + "norm2.weight"], p[name + "norm2.bias"])
        return x + self.linear(F.gelu(self.linear(h, name + "mlp.fc1")), name + "mlp.fc2")

    def loss(self):
        with cast(self.device, self.half):
            logits = self.logits()
        return F.cross_entropy(logits.float(), self.labels)

    def logits(self):
        p = self.p
        features = self.features()
        h = F.layer_norm(features, (self.channels, 16, 16), p["pre_layer.24.1.weight"], p["pre_layer.24.1.bias"])
        h = F.conv2d(h, p["pre_layer.24.2.weight"], p["pre_layer.24.2.bias"]).flatten(2).transpose(1, 2)
        h = torch.cat([p["intra_inter_block_attention.cls_token"].expand(len(h), 1, -1), h], 1)
        for i in range(1, HEAD_LAYERS + 1):
            h = self.transform(h, f"intra_inter_block_attention.layers.{i}.")
        return self.linear(h[:, 0], "head")

    def check(self):
        return check(self.loss, self.p, self.optimiser)

    def __call__(self):
        self.optimiser.zero_grad()
        loss = self.loss()
        loss.backward()
        self.optimiser.step()
        return loss.item()


class DifFeedStep(HeadStep):
    """One step of DifFeed as it was published: both passes go through all blocks, and backward calculates the gradients
    of the network's weights too, which are then left unused. Feedback is that of the next-to-last blocks of the
    decoder's levels, through a 1x1 convolution, batch normalisation and ReLU."""

    def __init__(self, channels_last=False, fused=False, device="cpu", half=None, config=SMALL_64, batch=4):
        self.start(config, batch, fused, device, half)
        blocks = plan(config)
        self.last, middle, level = len(blocks), len(blocks) // 2 + 1, config.blocks + 1
        self.links = {b: self.last + 1 - b for b in range(middle + level - 1, self.last, level)}
        network = {k: v.to(device, half) for k, v in parameters(shapes(config)).items()}
        self.network = Adm(config, network, 0, channels_last, fused)
        for value in self.network.p.values():
            value.requires_grad_()
        names = {}
        for i, (b, e) in enumerate(self.links.items()):
            out = blocks[e - 1].layers[-1].cout
            names[f"feedback_layers.{i}.0.weight"] = (out, blocks[b - 1].layers[-1].cout, 1, 1)
            names |= {f"feedback_layers.{i}.1.{n}": (out,) for n in ("weight", "bias")}
        self.p |= trained(names, device)
        self.optimise()

    def walk(self, keep, feedback):
        net, kept, maps = self.network, [], {}
        h, emb = self.x.contiguous(memory_format=net.format), net.embed(self.t)
        for number, block in enumerate(net.blocks, 1):
            h = net.block(block, torch.cat([h, kept.pop()], 1) if block.skip else h, emb)
            if number in feedback:
                h = h + feedback[number]
            if block.name.startswith("input"):
                kept.append(h)
            if number in keep:
                maps[number] = h
        return maps

    def feed(self, i, x):
        p, name = self.p, f"feedback_layers.{i}."
        h = F.conv2d(x, p[name + "0.weight"].to(x.dtype))
        mean = torch.zeros(h.shape[1], device=h.device)
        return F.relu(F.batch_norm(h, mean, mean + 1, p[name + "1.weight"], p[name + "1.bias"], training=True))

    def features(self):
        for value in self.network.p.values():
            value.grad = None
        with torch.no_grad():
            maps = self.walk(self.links, {})
        feedback = {e: self.feed(i, maps[b]) for i, (b, e) in enumerate(self.links.items())}
        return self.walk([24], feedback)[24].float()
