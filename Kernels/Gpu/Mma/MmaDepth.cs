namespace Diffract.Kernels;

/// <summary>Where along the depth the next slice begins. All threads of a block are at the same place.</summary>
internal sealed class MmaDepth
{
    private readonly PtxWriter k;
    private readonly int numbers;
    private readonly bool walksTaps;
    private readonly PtxValue channels, kernelWidth;

    /// <summary>Begins at a slice.</summary>
    /// <param name="k">The kernel.</param>
    /// <param name="numbers">Numbers of a slice along the depth.</param>
    /// <param name="walksTaps">True when the depth is a walk over taps, and over channels within each.</param>
    /// <param name="sizes">Fields of <see cref="MmaSizes"/>.</param>
    /// <param name="slice">The slice.</param>
    public MmaDepth(PtxWriter k, int numbers, bool walksTaps, Func<string, PtxValue> sizes, PtxValue slice)
    {
        (this.k, this.numbers, this.walksTaps) = (k, numbers, walksTaps);
        if (!walksTaps)
        {
            At = k.Variable(PtxNumber.S32, slice * numbers);
            return;
        }
        (channels, kernelWidth) = (sizes("Left.Depth"), sizes("Window.KernelWidth"));
        var slicesOfTap = (channels + (numbers - 1)) / numbers;
        var tap = slice / slicesOfTap;
        At = k.Variable(PtxNumber.S32, (slice - tap * slicesOfTap) * numbers);
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
        walksTaps ? (Line * kernelWidth + Column) * depth + At : At;

    /// <summary>Goes on to the next slice.</summary>
    public void Advance()
    {
        k.Set(At, At + numbers);
        if (!walksTaps) return;
        var nextTap = At >= channels;
        k.Set(At, nextTap.Choose(0, At));
        k.Set(Column, nextTap.Choose(Column + 1, Column));
        var nextLine = Column >= kernelWidth;
        k.Set(Column, nextLine.Choose(0, Column));
        k.Set(Line, nextLine.Choose(Line + 1, Line));
    }
}
