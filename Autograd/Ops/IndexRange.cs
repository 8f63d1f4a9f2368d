using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>Checks labels and indices before a kernel follows them.</summary>
internal static class IndexRange
{
    /// <summary>Every index must be at least 0 and below <paramref name="count"/>, or be the one to ignore.</summary>
    /// <param name="op">The operation, for the message.</param>
    /// <param name="what">What an index is: "label".</param>
    /// <param name="indices">Int64.</param>
    /// <param name="count">How many there are to choose from.</param>
    /// <param name="choices">What they are: "classes".</param>
    /// <param name="ignore">An index that is always allowed.</param>
    public static void Check(string op, string what, Tensor indices, long count, string choices, long? ignore = null)
    {
        if (indices.DType != DType.Int64)
            throw new DTypeException($"{op}: each {what} must be Int64, found {indices.DType}; convert with "
                + "To(DType.Int64)");
        var values = indices.Device is CpuDevice ? indices.AsSpan<long>() : indices.ToArray<long>();
        for (var i = 0; i < values.Length; i++)
        {
            if ((ulong)values[i] < (ulong)count || values[i] == ignore) continue;
            throw new ShapeException($"{op}: {what} {values[i]} at position {i} is outside 0..{count - 1} ({count} "
                + $"{choices}{(ignore is null ? "" : $"; {ignore} is ignored")})");
        }
    }
}
