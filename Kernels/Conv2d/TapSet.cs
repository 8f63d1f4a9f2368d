namespace Diffract.Kernels;

/// <summary>The elements of a filter that contribute to a grid of output pixels, as offsets of the pixel each reads:
/// grid position (i, j) reads pixel (i * step + OffsetY, j * step + OffsetX). Everything a convolution can be asked for
/// (stride, dilation, padding, its transpose) is such a set.</summary>
internal sealed class TapSet
{
    private TapSet(Tap[] taps, Pair step, bool mayJoin)
    {
        Taps = taps;
        Step = step;
        Runs = Join(taps, mayJoin);
    }

    /// <summary>One element of the filter.</summary>
    /// <param name="Index">Position in the filter's plane, row-major.</param>
    /// <param name="OffsetY">Row it reads, relative to the grid position.</param>
    /// <param name="OffsetX">Column it reads.</param>
    internal readonly record struct Tap(int Index, int OffsetY, int OffsetX);

    /// <summary>Neighbouring taps whose pixels follow one another in memory.</summary>
    /// <param name="First">First tap.</param>
    /// <param name="Count">How many.</param>
    /// <param name="OffsetY">Row they read.</param>
    /// <param name="OffsetX">Column the first one reads.</param>
    internal readonly record struct Run(int First, int Count, int OffsetY, int OffsetX);

    /// <summary>The taps, in the order of the packed weight's depth.</summary>
    public Tap[] Taps { get; }

    /// <summary>The taps again, neighbours joined.</summary>
    public Run[] Runs { get; }

    /// <summary>Pixels between grid positions.</summary>
    public Pair Step { get; }

    /// <summary>All taps of a convolution.</summary>
    public static TapSet Forward(in Conv2dGeometry g)
    {
        var taps = new Tap[g.Taps];
        for (var t = 0; t < taps.Length; t++)
            taps[t] = new Tap(t, t / g.Kernel.W * g.Dilation.H - g.Padding.H,
                t % g.Kernel.W * g.Dilation.W - g.Padding.W);
        return new TapSet(taps, g.Stride, g.Groups == 1);
    }

    /// <summary>The taps that reach input pixels (i * stride + phase.H, j * stride + phase.W), as they read the
    /// output's gradient. Input pixel y gets from output pixel (y + padding - p * dilation) / stride where that is
    /// whole.</summary>
    public static TapSet InputGradient(in Conv2dGeometry g, Pair phase)
    {
        var taps = new List<Tap>();
        for (var p = g.Kernel.H - 1; p >= 0; p--)
        {
            var (offsetY, restY) = Math.DivRem(phase.H + g.Padding.H - p * g.Dilation.H, g.Stride.H);
            if (restY != 0) continue;
            for (var q = g.Kernel.W - 1; q >= 0; q--)
            {
                var (offsetX, restX) = Math.DivRem(phase.W + g.Padding.W - q * g.Dilation.W, g.Stride.W);
                if (restX == 0) taps.Add(new Tap(p * g.Kernel.W + q, offsetY, offsetX));
            }
        }
        return new TapSet([.. taps], 1, g.Groups == 1);
    }

    private static Run[] Join(Tap[] taps, bool mayJoin)
    {
        var runs = new List<Run>();
        for (var t = 0; t < taps.Length; t++)
        {
            var tap = taps[t];
            if (mayJoin && runs.Count > 0 && runs[^1] is var last && last.OffsetY == tap.OffsetY
                && last.OffsetX + last.Count == tap.OffsetX)
                runs[^1] = last with { Count = last.Count + 1 };
            else runs.Add(new Run(t, 1, tap.OffsetY, tap.OffsetX));
        }
        return [.. runs];
    }
}
