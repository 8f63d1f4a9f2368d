namespace Diffract.Kernels;

/// <summary>Where along the depth the next slice begins. All threads of a block are at the same place.</summary>
internal sealed class MmaDepth
{
    private readonly PtxWriter k;
    private readonly MmaVariant variant;
    private readonly PtxValue channels, kernelWidth;

    /// <summary>Begins at a slice.</summary>
    public MmaDepth(PtxWriter k, MmaVariant variant, Func<string, PtxValue> sizes, PtxValue slice)
    {
        (this.k, this.variant) = (k, variant);
        if (!variant.WalksTaps)
        {
            At = k.Variable(PtxNumber.S32, slice * variant.Slice);
            return;
        }
        (channels, kernelWidth) = (sizes("Left.Depth"), sizes("Window.KernelWidth"));
        var slicesOfTap = (channels + (variant.Slice - 1)) / variant.Slice;
        var tap = slice / slicesOfTap;
        At = k.Variable(PtxNumber.S32, (slice - tap * slicesOfTap) * variant.Slice);
        var line = tap / kernelWidth;
        Line = k.Variable(PtxNumber.S32, line);
        Column = k.Variable(PtxNumber.S32, tap - line * kernelWidth);
    }

    /// <summary>The first number of the slice: of the whole depth, or of the tap's channels.</summary>
    public PtxValue At { get; }

    /// <summary>The tap's line in the filter.</summary>
    public PtxValue Line { get; }

    /// <summary>The tap's column in the filter.</summary>
    public PtxValue Column { get; }

    /// <summary>Place of the slice in a row of an operand of <paramref name="depth"/> numbers a tap.</summary>
    public PtxValue InRow(PtxValue depth) =>
        variant.WalksTaps ? (Line * kernelWidth + Column) * depth + At : At;

    /// <summary>Goes on to the next slice.</summary>
    public void Advance()
    {
        k.Set(At, At + variant.Slice);
        if (!variant.WalksTaps) return;
        var nextTap = At >= channels;
        k.Set(At, nextTap.Choose(0, At));
        k.Set(Column, nextTap.Choose(Column + 1, Column));
        var nextLine = Column >= kernelWidth;
        k.Set(Column, nextLine.Choose(0, Column));
        k.Set(Line, nextLine.Choose(Line + 1, Line));
    }
}
