using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>Checks labels and indices before a kernel follows them.</summary>
public static class IndexRange
{
    /// <summary>Every index must be at least 0 and below <paramref name="count"/>, or be the one to ignore.</summary>
    /// <param name="op">The operation, for the message.</param>
    /// <param name="what">What an index is: "label".</param>
    /// <param name="indices">Int64.</param>
    /// <param name="count">How many there are to choose from.</param>
    /// <param name="choices">What they are: "classes".</param>
    /// <param name="ignore">An index that is always allowed.</param>
    /// <exception cref="ShapeException">One is not.</exception>
    /// <exception cref="DTypeException">The indices are not Int64.</exception>
    public static void Check(string op, string what, Tensor indices, long count, string choices, long? ignore = null)
    {
        if (indices.DType != DType.Int64)
            throw new DTypeException($"{op}: each {what} must be Int64, found {indices.DType}; convert with "
                + "To(DType.Int64)");
        if (indices.Device is not CpuDevice && Known(indices) is var (low, high) && low >= 0 && high < count) return;
        var values = indices.Device is CpuDevice ? indices.AsSpan<long>() : indices.ToArray<long>();
        for (var i = 0; i < values.Length; i++)
        {
            if ((ulong)values[i] < (ulong)count || values[i] == ignore) continue;
            throw new ShapeException($"{op}: {what} {values[i]} at position {i} is outside 0..{count - 1} ({count} "
                + $"{choices}{(ignore is null ? "" : $"; {ignore} is ignored")})");
        }
    }

    /// <summary>Notes on a copy on another device what the host can still see: within which bounds the integers are.
    /// </summary>
    internal static void Remember(Tensor onHost, Tensor copy)
    {
        if (copy.Device is CpuDevice || onHost is not { DType: DType.Int64, Device: CpuDevice, Count: > 0 }) return;
        Remember(copy, onHost.View);
    }

    /// <summary>Bounds of all integers of a tensor's memory. They are read from the device once, and again only after
    /// the memory has changed: whoever checks the same labels at every step does not wait for the device each time.
    /// </summary>
    private static (long Low, long High)? Known(Tensor indices)
    {
        if (indices.Count == 0) return (0, -1);
        var bounds = indices.Storage.CompanionOrNew<Bounds>();
        if (bounds.Of(indices.Storage.Version) is { } known) return known;
        // What is read of a part is not noted for the whole.
        if (indices.Offset != 0 || !indices.IsContiguous
            || indices.Count * sizeof(long) != indices.Storage.Bytes) return null;
        var values = indices.ToArray<long>();
        return bounds.Note(indices.Storage.Version, values.Min(), values.Max());
    }

    private static unsafe void Remember(Tensor copy, View values)
    {
        var (low, high) = (long.MaxValue, long.MinValue);
        var all = (long*)values.Address;
        for (long i = 0; i < values.Count; i++) (low, high) = (Math.Min(low, all[i]), Math.Max(high, all[i]));
        copy.Storage.CompanionOrNew<Bounds>().Note(copy.Storage.Version, low, high);
    }

    /// <summary>Least and largest integer of a storage, for one version of its content.</summary>
    private sealed class Bounds : IDisposable
    {
        private Entry? entry;

        private sealed record Entry(int Version, long Low, long High);

        public (long Low, long High)? Of(int version) =>
            Volatile.Read(ref entry) is { } e && e.Version == version ? (e.Low, e.High) : null;

        public (long Low, long High) Note(int version, long low, long high)
        {
            Volatile.Write(ref entry, new Entry(version, low, high));
            return (low, high);
        }

        public void Dispose() => Volatile.Write(ref entry, null);
    }
}
