using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Releases an intermediate result as soon as the next one exists, instead of at the end of the scope: at 256
/// x 256 a single map takes 64 MiB.</summary>
internal static class Step
{
    /// <summary>Returns <paramref name="next"/> and releases <paramref name="previous"/>, unless it is the same tensor
    /// or the caller's <paramref name="input"/>. What backward needs of it, backward has kept.</summary>
    public static Tensor After(Tensor previous, Tensor next, Tensor? input = null)
    {
        if (!ReferenceEquals(previous, next) && !ReferenceEquals(previous, input)) previous.Dispose();
        return next;
    }
}
