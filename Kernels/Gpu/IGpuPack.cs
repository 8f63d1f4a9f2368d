using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>What a GPU's thread does with all numbers of one access of 16 bytes.</summary>
/// <typeparam name="TPack">What memory holds.</typeparam>
internal interface IGpuPack<TPack> where TPack : unmanaged
{
    /// <summary>f(x) of every number.</summary>
    static abstract TPack Forward<TFormula>(TFormula formula, TPack x) where TFormula : struct, IUnary;

    /// <summary>f'(x)·dy of every number.</summary>
    static abstract TPack Backward<TFormula>(TFormula formula, TPack x, TPack y, TPack dy)
        where TFormula : struct, IUnary;
}

/// <summary>Four floats.</summary>
internal readonly struct FloatPack : IGpuPack<Float4>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Forward<TFormula>(TFormula formula, Float4 x) where TFormula : struct, IUnary
    {
        x.X = formula.Forward<GpuLane>(x.X);
        x.Y = formula.Forward<GpuLane>(x.Y);
        x.Z = formula.Forward<GpuLane>(x.Z);
        x.W = formula.Forward<GpuLane>(x.W);
        return x;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Backward<TFormula>(TFormula formula, Float4 x, Float4 y, Float4 dy)
        where TFormula : struct, IUnary
    {
        dy.X = formula.Backward<GpuLane>(x.X, y.X, dy.X);
        dy.Y = formula.Backward<GpuLane>(x.Y, y.Y, dy.Y);
        dy.Z = formula.Backward<GpuLane>(x.Z, y.Z, dy.Z);
        dy.W = formula.Backward<GpuLane>(x.W, y.W, dy.W);
        return dy;
    }
}

/// <summary>Eight 16-bit floats.</summary>
/// <typeparam name="TNumber">Which of the two types.</typeparam>
internal readonly struct HalfPack<TNumber> : IGpuPack<Word4> where TNumber : struct, IGpuFloat<ushort>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Word4 Forward<TFormula>(TFormula formula, Word4 x) where TFormula : struct, IUnary
    {
        x.X = Two(formula, x.X);
        x.Y = Two(formula, x.Y);
        x.Z = Two(formula, x.Z);
        x.W = Two(formula, x.W);
        return x;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Word4 Backward<TFormula>(TFormula formula, Word4 x, Word4 y, Word4 dy)
        where TFormula : struct, IUnary
    {
        dy.X = Two(formula, x.X, y.X, dy.X);
        dy.Y = Two(formula, x.Y, y.Y, dy.Y);
        dy.Z = Two(formula, x.Z, y.Z, dy.Z);
        dy.W = Two(formula, x.W, y.W, dy.W);
        return dy;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Two<TFormula>(TFormula formula, uint x) where TFormula : struct, IUnary =>
        Join(formula.Forward<GpuLane>(First(x)), formula.Forward<GpuLane>(Second(x)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Two<TFormula>(TFormula formula, uint x, uint y, uint dy) where TFormula : struct, IUnary =>
        Join(formula.Backward<GpuLane>(First(x), First(y), First(dy)),
            formula.Backward<GpuLane>(Second(x), Second(y), Second(dy)));

    private static float First(uint two) => TNumber.ToSingle((ushort)two);

    private static float Second(uint two) => TNumber.ToSingle((ushort)(two >> 16));

    private static uint Join(float first, float second) =>
        TNumber.FromSingle(first) | (uint)TNumber.FromSingle(second) << 16;
}
