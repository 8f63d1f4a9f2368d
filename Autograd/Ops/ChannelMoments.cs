using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Sums over the channels of every sample that the convolution which wrote a memory has left beside it, so
/// that a norm need not read the memory for them. They hold for one version of the content, and for tensors that see
/// all of it as the samples and channels that it was written as.</summary>
internal sealed class ChannelMoments : IDisposable
{
    private Known? known;

    private sealed record Known(Storage Sums, int Version, long Samples, long Channels, long Count);

    /// <summary>A wish for the sums of a result that is about to be written, and the memory for them.</summary>
    /// <param name="sums">The memory, [samples, 2, channels]; null where there is nothing to wish for.</param>
    /// <param name="result">The result, [samples, …, channels].</param>
    internal readonly struct Wish(Tensor? sums, Tensor result) : IDisposable
    {
        /// <summary>The wish as kernels take it.</summary>
        public ChannelSums? Sums { get; } = sums is null ? null
            : new(sums.View, (int)(result.Count / (result.Shape[0] * result.Shape[^1])));

        /// <summary>Keeps the sums with the result, if they were filled in.</summary>
        public void Dispose()
        {
            if (Sums is { IsFilled: true }) Keep(sums!, result);
            sums?.Dispose();
        }
    }

    /// <summary>Wishes for the sums of a result that a norm will read; on a CPU they would cost what they save.
    /// </summary>
    /// <param name="isRead">False when none will.</param>
    /// <param name="result">The result, [samples, …, channels].</param>
    public static Wish For(bool isRead, Tensor result) =>
        new(isRead && result.Device is GpuDevice && result.Count > 0 ? Empty(result) : null, result);

    /// <summary>The sums over a tensor's channels, or an absent view.</summary>
    public static View Of(Tensor x) => Find(x) is { } known
        ? new View(known.Sums.Address, 2 * known.Samples * known.Channels, DType.Float64) : default;

    /// <summary>Gives a result whose channels are those of several tensors, one after the other, their sums, if all
    /// of them have some.</summary>
    public static void Join(ReadOnlySpan<Tensor?> parts, Tensor result)
    {
        foreach (var part in parts) if (Find(part!) is null) return;
        using var scope = Scope.Open();
        var sums = Empty(result);
        long start = 0;
        foreach (var part in parts)
        {
            var known = Find(part!)!;
            InPlace.Copy(new Tensor(known.Sums, DType.Float64, Shape.Of(known.Samples, 2, known.Channels)),
                sums.Slice(2, start, known.Channels));
            start += known.Channels;
        }
        Keep(sums, result);
    }

    /// <inheritdoc/>
    public void Dispose() => Replace(null);

    private static Tensor Empty(Tensor result) =>
        Tensor.Empty([result.Shape[0], 2, result.Shape[^1]], DType.Float64, result.Device);

    private static void Keep(Tensor sums, Tensor result)
    {
        sums.Storage.AddReference();
        result.Storage.CompanionOrNew<ChannelMoments>().Replace(
            new Known(sums.Storage, result.Storage.Version, result.Shape[0], result.Shape[^1], result.Count));
    }

    private static Known? Find(Tensor x) =>
        x is { Device: GpuDevice, Rank: > 1, Offset: 0, IsContiguous: true }
        && x.Storage.Companion<ChannelMoments>()?.known is { } known && known.Version == x.Storage.Version
        && known.Samples == x.Shape[0] && known.Channels == x.Shape[^1] && known.Count == x.Count ? known : null;

    private void Replace(Known? other) => Interlocked.Exchange(ref known, other)?.Sums.Release();
}
