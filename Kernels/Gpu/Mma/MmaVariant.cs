using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Where an operand of a product comes from.</summary>
internal enum MmaSource
{
    /// <summary>A matrix whose rows run along the depth: A [rows, depth], or B stored as [columns, depth].</summary>
    Rows,

    /// <summary>A matrix whose rows run across: A stored as [depth, rows], or B [depth, columns].</summary>
    Columns,

    /// <summary>The pixels that a filter's taps see from each place of a grid; the depth runs over taps and channels.
    /// </summary>
    Patches,

    /// <summary>For each pixel, the places whose filters saw it through each tap: the transpose of
    /// <see cref="Patches"/>.</summary>
    Gathered,

    /// <summary>One tap's pixels; the depth runs over the places of the grid, the columns over the channels.</summary>
    Pixels,
}

/// <summary>One of the texts that the generator writes.</summary>
/// <param name="Numbers">What is multiplied.</param>
/// <param name="Left">Where the left operand comes from.</param>
/// <param name="Right">Where the right operand comes from.</param>
/// <param name="WideLeft">True when the left operand can be copied 16 bytes at a time.</param>
/// <param name="WideRight">The same for the right operand.</param>
/// <param name="WideResult">True when a thread can write neighbouring columns of the result at once.</param>
/// <param name="Result">Type of the result: float32, or that of the operands.</param>
/// <param name="Tile">How it is cut.</param>
internal readonly record struct MmaVariant(MmaNumbers Numbers, MmaSource Left, MmaSource Right, bool WideLeft,
    bool WideRight, bool WideResult, DType Result, MmaTile Tile)
{
    /// <summary>True when it also writes the moments of every column: see <see cref="MmaStrips"/>.</summary>
    public bool HasMoments { get; init; }

    /// <summary>True when the depth is a walk over taps, and over channels within each.</summary>
    public bool WalksTaps => Left is MmaSource.Patches or MmaSource.Gathered;

    /// <summary>How the left operand lies in shared memory.</summary>
    public MmaLayout LeftLayout =>
        new(Left is not MmaSource.Columns, Tile.Rows, Tile.DepthBytes, Numbers.Bytes(), false);

    /// <summary>How the right operand lies in shared memory.</summary>
    public MmaLayout RightLayout => new(Right is MmaSource.Rows, Tile.Columns, Tile.DepthBytes, Numbers.Bytes(),
        Right is MmaSource.Rows);

    /// <summary>Neighbouring columns of the result that one thread holds.</summary>
    public int Run => RightLayout.IsShuffled ? 8 : 2;

    /// <summary>How its threads write.</summary>
    public MmaOutput Output => new(Numbers, Result, Run, WideResult);

    /// <summary>Numbers of a slice along the depth.</summary>
    public int Slice => Tile.DepthBytes / Numbers.Bytes();

    /// <summary>What people call it.</summary>
    public override string ToString() => $"{Numbers} {Side(Left, WideLeft)} {Side(Right, WideRight)} "
        + $"{Result}{(WideResult ? "" : " narrow")} {Tile}{(HasMoments ? " moments" : "")}";

    private static string Side(MmaSource source, bool wide) => wide ? $"{source}" : $"{source} narrow";
}
