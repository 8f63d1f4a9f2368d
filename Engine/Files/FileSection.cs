namespace Diffract.Engine;

/// <summary>A run of a file's bytes that holds tensors. In the legacy PyTorch container a tensor is described before
/// the place of its bytes is known.</summary>
internal sealed class FileSection(long at, long bytes)
{
    /// <summary>Position in the file; -1 until it is known.</summary>
    public long At { get; set; } = at;

    /// <summary>Number of bytes.</summary>
    public long Bytes { get; } = bytes;
}
