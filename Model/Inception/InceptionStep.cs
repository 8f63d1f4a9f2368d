using Diffract.Kernels;

namespace Diffract.Model;

/// <summary>A convolution of the Inception network.</summary>
/// <param name="Name">Its name in the state dict.</param>
/// <param name="Channels">Channels of its result.</param>
/// <param name="Kernel">Height and width of its kernel.</param>
/// <param name="Stride">Step of the kernel.</param>
/// <param name="HasMargin">Whether a map keeps its size where the step is 1.</param>
internal sealed record InceptionStep(string Name, int Channels, Pair Kernel, int Stride = 1, bool HasMargin = true)
{
    /// <summary>Zeros around the map.</summary>
    public Pair Padding => HasMargin && Stride == 1 ? (Kernel.H / 2, Kernel.W / 2) : 0;
}

/// <summary>A chain of convolutions of an Inception block.</summary>
/// <param name="Pool">What comes before them.</param>
/// <param name="Steps">The convolutions.</param>
/// <param name="Forks">True when the last two both read what is before them, and lie beside each other in the result.
/// </param>
internal sealed record InceptionBranch(InceptionPool Pool, IReadOnlyList<InceptionStep> Steps, bool Forks = false);
