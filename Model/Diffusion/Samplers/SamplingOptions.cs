using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Wishes that hold for every step of sampling.</summary>
public sealed record SamplingOptions
{
    /// <summary>Limits every predicted clean image to [-1, 1].</summary>
    public bool ClipDenoised { get; init; } = true;

    /// <summary>Changes every predicted clean image, before it is limited.</summary>
    public Func<Tensor, Tensor>? Denoised { get; init; }

    /// <summary>Pulls the samples somewhere, for example towards a class.</summary>
    public Guidance? Guidance { get; init; }
}
