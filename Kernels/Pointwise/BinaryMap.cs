using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>What a formula of two numbers is run on.</summary>
/// <param name="Formula">The formula.</param>
/// <param name="A">Left operand.</param>
/// <param name="B">Right operand.</param>
/// <param name="Y">Result, as large as the two broadcast together.</param>
/// <param name="Plan">How the operands are read.</param>
public readonly record struct BinaryMapArgs<TFormula>(TFormula Formula, View A, View B, View Y, Broadcast Plan);

/// <summary>What a gradient of a formula of two numbers is run on.</summary>
/// <param name="Formula">The formula.</param>
/// <param name="A">Left operand, where the gradient reads it.</param>
/// <param name="B">Right operand, where the gradient reads it.</param>
/// <param name="Y">Result of the forward, where the gradient reads it.</param>
/// <param name="DY">Gradient of the result.</param>
/// <param name="DX">Receives the gradient of one operand, as large as the result: what was broadcast is summed after.
/// </param>
/// <param name="Plan">How the operands are read.</param>
public readonly record struct BinaryGradArgs<TFormula>(
    TFormula Formula, View A, View B, View Y, View DY, View DX, Broadcast Plan);

/// <summary>Runs any formula of two numbers, with broadcasting.</summary>
/// <typeparam name="TFormula">The formula.</typeparam>
public static unsafe partial class BinaryMap<TFormula> where TFormula : struct, IBinary
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>y = f(a, b).</summary>
    public static readonly Kernel<BinaryMapArgs<TFormula>> Forward =
        new Kernel<BinaryMapArgs<TFormula>>(TFormula.Name + ".forward")
            .OnCpu(DType.Float32, Run<WideLane, FloatLane, float>)
            .OnCpu(DType.Float64, Run<DoubleLane, DoubleLane, double>)
            .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Run)
            .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Run)
            .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Run);

    /// <summary>da = ∂f/∂a·dy, in the shape of the result.</summary>
    public static readonly Kernel<BinaryGradArgs<TFormula>> BackwardLeft =
        new Kernel<BinaryGradArgs<TFormula>>(TFormula.Name + ".backward_left")
            .OnCpu(DType.Float32, RunGrad<Left, WideLane, FloatLane, float>)
            .OnCpu(DType.Float64, RunGrad<Left, DoubleLane, DoubleLane, double>)
            .OnGpu(DType.Float32, Gpu<float, SingleNumber>.RunGrad<Left>)
            .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.RunGrad<Left>)
            .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.RunGrad<Left>);

    /// <summary>db = ∂f/∂b·dy, in the shape of the result.</summary>
    public static readonly Kernel<BinaryGradArgs<TFormula>> BackwardRight =
        new Kernel<BinaryGradArgs<TFormula>>(TFormula.Name + ".backward_right")
            .OnCpu(DType.Float32, RunGrad<Right, WideLane, FloatLane, float>)
            .OnCpu(DType.Float64, RunGrad<Right, DoubleLane, DoubleLane, double>)
            .OnGpu(DType.Float32, Gpu<float, SingleNumber>.RunGrad<Right>)
            .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.RunGrad<Right>)
            .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.RunGrad<Right>);

    private interface ISide
    {
        static abstract Keep Keeps { get; }

        static abstract T Backward<T>(TFormula formula, T a, T b, T y, T dy) where T : unmanaged, ILane<T>;
    }

    private readonly struct Left : ISide
    {
        public static Keep Keeps => TFormula.LeftKeeps;

        [MethodImpl(Inline)]
        public static T Backward<T>(TFormula formula, T a, T b, T y, T dy) where T : unmanaged, ILane<T> =>
            formula.BackwardLeft(a, b, y, dy);
    }

    private readonly struct Right : ISide
    {
        public static Keep Keeps => TFormula.RightKeeps;

        [MethodImpl(Inline)]
        public static T Backward<T>(TFormula formula, T a, T b, T y, T dy) where T : unmanaged, ILane<T> =>
            formula.BackwardRight(a, b, y, dy);
    }

    private static void Run<TWide, TOne, TElement>(CpuDevice device, BinaryMapArgs<TFormula> args)
        where TWide : unmanaged, ILane<TWide>, ILaneMemory<TWide, TElement>
        where TOne : unmanaged, ILane<TOne>, ILaneMemory<TOne, TElement>
        where TElement : unmanaged =>
        device.ForRows(args.Plan, (a, b, _, y, count) => Row<TWide, TOne, TElement>(args.Formula,
            args.A.As<TElement>() + a, args.B.As<TElement>() + b, args.Y.As<TElement>() + y, args.Plan.RowSteps.A,
            args.Plan.RowSteps.B, count));

    private static void RunGrad<TSide, TWide, TOne, TElement>(CpuDevice device, BinaryGradArgs<TFormula> args)
        where TSide : struct, ISide
        where TWide : unmanaged, ILane<TWide>, ILaneMemory<TWide, TElement>
        where TOne : unmanaged, ILane<TOne>, ILaneMemory<TOne, TElement>
        where TElement : unmanaged =>
        device.ForRows(args.Plan, (a, b, _, y, count) => GradRow<TSide, TWide, TOne, TElement>(args.Formula,
            args.A.As<TElement>() + a, args.B.As<TElement>() + b, args.Y.As<TElement>() + y,
            args.DY.As<TElement>() + y, args.DX.As<TElement>() + y, args.Plan.RowSteps.A, args.Plan.RowSteps.B, count));

    // An operand that stands still has a step of 0. Asking in the loop costs nothing: the answer is always the same.
    [MethodImpl(Hot)]
    private static void Row<TWide, TOne, TElement>(
        TFormula formula, TElement* a, TElement* b, TElement* y, long stepA, long stepB, long count)
        where TWide : unmanaged, ILane<TWide>, ILaneMemory<TWide, TElement>
        where TOne : unmanaged, ILane<TOne>, ILaneMemory<TOne, TElement>
        where TElement : unmanaged
    {
        var (stillA, stillB) = (TWide.Repeat(a), TWide.Repeat(b));
        long i = 0;
        for (; i <= count - TWide.Width; i += TWide.Width)
            TWide.Store(y + i, formula.Forward(
                stepA == 0 ? stillA : TWide.Load(a + i), stepB == 0 ? stillB : TWide.Load(b + i)));
        for (; i < count; i++)
            TOne.Store(y + i, formula.Forward(TOne.Load(a + (i * stepA)), TOne.Load(b + (i * stepB))));
    }

    [MethodImpl(Hot)]
    private static void GradRow<TSide, TWide, TOne, TElement>(TFormula formula, TElement* a, TElement* b, TElement* y,
        TElement* dy, TElement* dx, long stepA, long stepB, long count)
        where TSide : struct, ISide
        where TWide : unmanaged, ILane<TWide>, ILaneMemory<TWide, TElement>
        where TOne : unmanaged, ILane<TOne>, ILaneMemory<TOne, TElement>
        where TElement : unmanaged
    {
        // What the gradient does not read is not there; the conditions are constants.
        var hasA = (TSide.Keeps & Keep.Input) != 0;
        var hasB = (TSide.Keeps & Keep.Other) != 0;
        var hasY = (TSide.Keeps & Keep.Output) != 0;
        var stillA = hasA ? TWide.Repeat(a) : default;
        var stillB = hasB ? TWide.Repeat(b) : default;
        long i = 0;
        for (; i <= count - TWide.Width; i += TWide.Width)
            TWide.Store(dx + i, TSide.Backward(formula,
                !hasA || stepA == 0 ? stillA : TWide.Load(a + i), !hasB || stepB == 0 ? stillB : TWide.Load(b + i),
                hasY ? TWide.Load(y + i) : default, TWide.Load(dy + i)));
        for (; i < count; i++)
            TOne.Store(dx + i, TSide.Backward(formula,
                hasA ? TOne.Load(a + (i * stepA)) : default, hasB ? TOne.Load(b + (i * stepB)) : default,
                hasY ? TOne.Load(y + i) : default, TOne.Load(dy + i)));
    }
}
