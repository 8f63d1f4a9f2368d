using Diffract.Engine.Cuda;

namespace Diffract.Engine;

/// <summary>How a GPU is used.</summary>
public sealed record CudaOptions
{
    /// <summary>Where compiled kernels and what tuning has found are kept, so that the next start is quick; null for
    /// nowhere.</summary>
    public string? CacheFolder { get; init; } = KernelCache.DefaultFolder;

    /// <summary>True to find out by trial how large products run fastest, when they are first asked for, and to keep
    /// it in <see cref="CacheFolder"/>. Results are the same bits either way.</summary>
    public bool Tuning { get; init; } = true;

    /// <summary>True to wait for every kernel, which is slow, so that an error names the kernel that made it.</summary>
    public bool Blocking { get; init; }
}
