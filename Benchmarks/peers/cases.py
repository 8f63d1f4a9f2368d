"""The cases by name, and their floating-point operations. Every worker reads the same names:

    gemm_M or gemm_MxNxK            row-major C = A B
    conv3_IN_OUT_SIZE, conv1_...    convolution with bias of one SIZE x SIZE picture
    gnsilu_CHANNELS_SIZE            GroupNorm of 32 groups, SiLU
    attn_CHANNELS_SIZE              attention of SIZE x SIZE tokens in heads of 64, from projected q, k, v
    res_IN_OUT_SIZE                 a residual block
    unet_256, unet_256_b24          the 256-pixel network of 553 million parameters; stopped after block 24
    pretrain_step                   hybrid loss, gradients, AdamW, moving average: 32 images of 32 px, 64 channels
    train_256                       the same of the 256-pixel network, one image; train_8 is tiny, to try it with
    recompute_256                   the same, with blocks run again in backward instead of kept activations
    sample_step                     a step of DDIM on 32 images of 32 px, with the network of pretrain_step
    head_step                       Attention head on block 24 of a frozen network of 64 px, 64 channels: 8 images
    diffeed_step                    the same with feedback from a first pass (DifFeed), 4 images
    diffeed_256                     DifFeed of the 256-pixel network, one image

    copy_MEBIBYTES                  a copy of as many, float32

A trailing _nB makes a batch of B of conv, gnsilu, attn, res, unet, train, recompute and diffeed_256.
"""
import re
import sys

from plan import ADM_256, SMALL_32, SMALL_64, TINY_8, macs, plan

TRAINED = {256: ADM_256, 8: TINY_8}
HEAD_WIDTH, HEAD_LAYERS, HEAD_CLASSES = 1024, 2, 1000

CASES = """
gemm_1024 gemm_2048 gemm_256x16384x2304
conv3_256_256_256 conv3_512_256_256 conv3_256_256_128 conv3_512_512_128 conv3_512_512_64 conv3_1024_512_64
conv3_512_512_32 conv3_1024_1024_16 conv3_1024_1024_8 conv3_1024_1024_8_n8 conv1_512_256_256 conv1_1024_3072_16
gnsilu_256_256 gnsilu_512_128 gnsilu_1024_16
attn_512_32 attn_1024_16 attn_1024_8
res_256_256_256 res_256_256_256_n4 res_1024_512_64 res_1024_512_64_n4 res_1024_512_64_n8
pretrain_step sample_step head_step diffeed_step unet_256_b24 unet_256
""".split()


def parse(name):
    """-> (kind, numbers, batch); an unknown name is a ValueError."""
    kinds = "gemm|conv1|conv3|gnsilu|attn|copy|res|unet|train|recompute|pretrain|sample|head|diffeed"
    m = re.fullmatch(rf"({kinds})(_.*?)(?:_n(\d+))?", name)
    if not m:
        raise ValueError(f"there is no case '{name}'")
    kind, rest, batch = m.groups()
    numbers = [int(v) for v in re.findall(r"\d+", rest)]
    if kind == "gemm" and len(numbers) == 1:
        numbers *= 3
    wanted = {"gemm": 3, "conv1": 3, "conv3": 3, "gnsilu": 2, "attn": 2, "copy": 1, "res": 3}
    wanted |= {"pretrain": 0, "sample": 0, "head": 0}
    if (len(numbers) != wanted.get(kind, len(numbers)) or (kind == "unet" and numbers not in ([256], [256, 24]))
            or (kind == "diffeed" and numbers not in ([], [256]))
            or (kind in ("train", "recompute") and numbers not in ([n] for n in TRAINED))):
        raise ValueError(f"there is no case '{name}'")
    return kind, numbers, int(batch or 1)


def head_macs(channels=192):
    """Of the Attention head, for one image: channels at 16 px become 256 tokens and a class token."""
    tokens, width = 16 * 16, HEAD_WIDTH
    layer = 12 * width**2 * (tokens + 1) + 2 * width * (tokens + 1) ** 2
    return channels * width * tokens + HEAD_LAYERS * layer + width * HEAD_CLASSES


def flops(name):
    """By definition, whatever the algorithm; a training step counts three forwards of what it trains."""
    kind, v, batch = parse(name)
    if kind == "gemm":
        return 2 * v[0] * v[1] * v[2]
    if kind in ("conv1", "conv3"):
        return 2 * batch * v[0] * v[1] * v[2] ** 2 * int(kind[-1]) ** 2
    if kind == "attn":
        return 4 * batch * v[0] * v[1] ** 4
    if kind == "res":
        return 2 * batch * v[2] ** 2 * (9 * v[0] * v[1] + 9 * v[1] ** 2 + (v[0] * v[1] if v[0] != v[1] else 0))
    if kind == "unet":
        return 2 * batch * macs(ADM_256, v[1] if len(v) > 1 else 0)
    if kind == "pretrain":
        return 3 * 2 * 32 * macs(SMALL_32)
    if kind == "sample":
        return 2 * 32 * macs(SMALL_32)
    if kind in ("train", "recompute"):
        return 3 * 2 * batch * macs(TRAINED[v[0]])
    if kind == "diffeed":
        # Two passes to what is fed back and read, and gradients of activations between; head and feedback networks
        # three times. What is published does more.
        config, n = (ADM_256, batch) if v else (SMALL_64, 4)
        last = len(plan(config)) - 1
        return 2 * n * (macs(config, last) + 2 * macs(config, 24) + 3 * head_macs(plan(config)[23].layers[-1].cout))
    if kind == "head":
        return 2 * 8 * (macs(SMALL_64, 24) + 3 * head_macs())
    return 0


def select(names):
    """The names of a comma-separated list, or all; ends the program at an unknown one."""
    names = names.split(",") if names else CASES
    try:
        for name in names:
            parse(name)
    except ValueError as e:
        sys.exit(f"{e}; there are {' '.join(CASES)}, and others of these kinds")
    return names


if __name__ == "__main__":
    print(" ".join(select(sys.argv[1] if len(sys.argv) > 1 else "")))
