using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>One of the texts that the generator writes.</summary>
/// <param name="Numbers">What is multiplied: 16-bit floats.</param>
/// <param name="Left">Where the left operand comes from; <see cref="MmaSource.Gathered"/> pixels of unit stride are
/// <see cref="MmaSource.Patches"/> whose taps are turned round.</param>
/// <param name="Right">Where the right operand comes from.</param>
/// <param name="WideResult">True when a thread can write neighbouring columns of the result at once.</param>
/// <param name="Result">Type of the result: float32, or that of the operands.</param>
/// <param name="Tile">How it is cut.</param>
internal readonly record struct HopperVariant(MmaNumbers Numbers, MmaSource Left, MmaSource Right, bool WideResult,
    DType Result, HopperTile Tile)
{
    /// <summary>True when it also writes the moments of every column: see <see cref="MmaStrips"/>.</summary>
    public bool HasMoments { get; init; }

    /// <summary>True when the depth is a walk over taps, and over channels within each.</summary>
    public bool WalksTaps => Left == MmaSource.Patches;

    /// <summary>True when the depth is a walk over the places of filters, a box of them at a time.</summary>
    public bool WalksPlaces => Right == MmaSource.Pixels;

    /// <summary>True when rows of the left operand's slices in shared memory run along the depth.</summary>
    public bool LeftAlongDepth => Left != MmaSource.Columns;

    /// <summary>The same of the right operand's.</summary>
    public bool RightAlongDepth => Right == MmaSource.Rows;

    /// <summary>How threads write: those that share a row exchange 16-bit results, so that each has 16 bytes.</summary>
    public MmaOutput Output => new(Numbers, Result, Result == DType.Float32 ? 2 : 8, WideResult);

    /// <summary>What people call it.</summary>
    public override string ToString() =>
        $"{Numbers} {Left} {Right} {Result}{(WideResult ? "" : " narrow")} {Tile}{(HasMoments ? " moments" : "")}";
}
