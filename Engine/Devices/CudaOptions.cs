using Diffract.Engine.Cuda;

namespace Diffract.Engine;

/// <summary>How a GPU is used.</summary>
public sealed record CudaOptions
{
    /// <summary>Where assembled kernels are kept, so that the next start is quick; null for nowhere.</summary>
    public string? CacheFolder { get; init; } = KernelCache.DefaultFolder;

    /// <summary>True to wait for every kernel, which is slow, so that an error names the kernel that made it.</summary>
    public bool Blocking { get; init; }
}
