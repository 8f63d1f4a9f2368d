using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>What a formula of one number is run on.</summary>
/// <param name="Formula">The formula with its settings.</param>
/// <param name="X">Input.</param>
/// <param name="Y">Output, as many elements; may be the input.</param>
public readonly record struct MapArgs<TFormula>(TFormula Formula, View X, View Y);

/// <summary>What the gradient of a formula of one number is run on.</summary>
/// <param name="Formula">The formula with its settings.</param>
/// <param name="X">Input of the forward, where the formula keeps it.</param>
/// <param name="Y">Output of the forward, where the formula keeps it.</param>
/// <param name="DY">Gradient of the output.</param>
/// <param name="DX">Receives the gradient of the input.</param>
public readonly record struct MapGradArgs<TFormula>(TFormula Formula, View X, View Y, View DY, View DX);

/// <summary>Runs any formula of one number over contiguous arrays: lanes, then one number at a time.</summary>
/// <typeparam name="TFormula">The formula.</typeparam>
public static unsafe partial class Map<TFormula> where TFormula : struct, IUnary
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    /// <summary>y = f(x).</summary>
    public static readonly Kernel<MapArgs<TFormula>> Forward =
        new Kernel<MapArgs<TFormula>>(TFormula.Name + ".forward")
            .OnCpu(DType.Float32, Vector512.IsHardwareAccelerated ? Run<WidestLane, FloatLane, float>
                : Vector256.IsHardwareAccelerated ? Run<WideLane, FloatLane, float>
                : Run<NarrowLane, FloatLane, float>)
            .OnCpu(DType.Float64, Run<DoubleLane, DoubleLane, double>)
            .OnGpu(DType.Float32, Gpu<float, SingleNumber, Float4, FloatPack>.Run)
            .OnGpu(DType.Float16, Gpu<ushort, HalfNumber, Word4, HalfPack<HalfNumber>>.Run)
            .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber, Word4, HalfPack<BFloatNumber>>.Run);

    /// <summary>dx = f'(x)·dy.</summary>
    public static readonly Kernel<MapGradArgs<TFormula>> Backward =
        new Kernel<MapGradArgs<TFormula>>(TFormula.Name + ".backward")
            .OnCpu(DType.Float32, Vector512.IsHardwareAccelerated ? RunGrad<WidestLane, FloatLane, float>
                : Vector256.IsHardwareAccelerated ? RunGrad<WideLane, FloatLane, float>
                : RunGrad<NarrowLane, FloatLane, float>)
            .OnCpu(DType.Float64, RunGrad<DoubleLane, DoubleLane, double>)
            .OnGpu(DType.Float32, Gpu<float, SingleNumber, Float4, FloatPack>.RunGrad)
            .OnGpu(DType.Float16, Gpu<ushort, HalfNumber, Word4, HalfPack<HalfNumber>>.RunGrad)
            .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber, Word4, HalfPack<BFloatNumber>>.RunGrad);

    private static void Run<TWide, TOne, TElement>(CpuDevice device, MapArgs<TFormula> args)
        where TWide : unmanaged, ILane<TWide>, ILaneMemory<TWide, TElement>
        where TOne : unmanaged, ILane<TOne>, ILaneMemory<TOne, TElement>
        where TElement : unmanaged =>
        device.ForChunks(args.Y.Count, (first, last) => Range<TWide, TOne, TElement>(
            args.Formula, args.X.As<TElement>() + first, args.Y.As<TElement>() + first, last - first));

    private static void RunGrad<TWide, TOne, TElement>(CpuDevice device, MapGradArgs<TFormula> args)
        where TWide : unmanaged, ILane<TWide>, ILaneMemory<TWide, TElement>
        where TOne : unmanaged, ILane<TOne>, ILaneMemory<TOne, TElement>
        where TElement : unmanaged =>
        device.ForChunks(args.DX.Count, (first, last) => GradRange<TWide, TOne, TElement>(
            args.Formula, args.X.As<TElement>() + first, args.Y.As<TElement>() + first,
            args.DY.As<TElement>() + first, args.DX.As<TElement>() + first, last - first));

    [MethodImpl(Hot)]
    private static void Range<TWide, TOne, TElement>(TFormula formula, TElement* x, TElement* y, long count)
        where TWide : unmanaged, ILane<TWide>, ILaneMemory<TWide, TElement>
        where TOne : unmanaged, ILane<TOne>, ILaneMemory<TOne, TElement>
        where TElement : unmanaged
    {
        long i = 0;
        for (; i <= count - TWide.Width; i += TWide.Width) TWide.Store(y + i, formula.Forward(TWide.Load(x + i)));
        for (; i < count; i++) TOne.Store(y + i, formula.Forward(TOne.Load(x + i)));
    }

    [MethodImpl(Hot)]
    private static void GradRange<TWide, TOne, TElement>(
        TFormula formula, TElement* x, TElement* y, TElement* dy, TElement* dx, long count)
        where TWide : unmanaged, ILane<TWide>, ILaneMemory<TWide, TElement>
        where TOne : unmanaged, ILane<TOne>, ILaneMemory<TOne, TElement>
        where TElement : unmanaged
    {
        // What the formula does not keep is not there: its pointer is never read, for the conditions are constants.
        var (hasX, hasY) = ((TFormula.Keeps & Keep.Input) != 0, (TFormula.Keeps & Keep.Output) != 0);
        long i = 0;
        for (; i <= count - TWide.Width; i += TWide.Width)
            TWide.Store(dx + i, formula.Backward(
                hasX ? TWide.Load(x + i) : default, hasY ? TWide.Load(y + i) : default, TWide.Load(dy + i)));
        for (; i < count; i++)
            TOne.Store(dx + i, formula.Backward(
                hasX ? TOne.Load(x + i) : default, hasY ? TOne.Load(y + i) : default, TOne.Load(dy + i)));
    }
}
