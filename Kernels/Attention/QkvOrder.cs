namespace Diffract.Kernels;

/// <summary>How the 3C channels of a qkv tensor are arranged.</summary>
public enum QkvOrder
{
    /// <summary>Head by head, each [q | k | v]: the published 128, 256 and 512 pixel diffusion models.</summary>
    Legacy,

    /// <summary>[all q | all k | all v], each head by head: the 64 pixel model, attention pools, transformers.
    /// </summary>
    New,
}
