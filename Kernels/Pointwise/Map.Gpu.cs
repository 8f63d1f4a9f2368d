using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class Map<TFormula>
{
    private static readonly GpuKernel forwardFour = new(ForwardFour), forwardOne = new(ForwardOne);
    private static readonly GpuKernel backwardFour = new(BackwardFour), backwardOne = new(BackwardOne);

    private static void RunGpu(GpuDevice device, MapArgs<TFormula> args)
    {
        if (GpuViews.InFours(args.X, args.Y))
            forwardFour.LaunchFor(device, args.Y.Count / 4, new GpuArguments()
                .Put(args.Formula).Put<Float4>(args.X).Put<Float4>(args.Y));
        else
            forwardOne.LaunchFor(device, args.Y.Count, new GpuArguments()
                .Put(args.Formula).Put<float>(args.X).Put<float>(args.Y));
    }

    private static void RunGradGpu(GpuDevice device, MapGradArgs<TFormula> args)
    {
        if (GpuViews.InFours(args.X, args.Y, args.DY, args.DX))
            backwardFour.LaunchFor(device, args.DX.Count / 4, new GpuArguments().Put(args.Formula)
                .Put<Float4>(args.X).Put<Float4>(args.Y).Put<Float4>(args.DY).Put<Float4>(args.DX));
        else
            backwardOne.LaunchFor(device, args.DX.Count, new GpuArguments().Put(args.Formula)
                .Put<float>(args.X).Put<float>(args.Y).Put<float>(args.DY).Put<float>(args.DX));
    }

    private static void ForwardFour(TFormula formula, ArrayView<Float4> x, ArrayView<Float4> y)
    {
        var i = GpuThread.Index;
        if (i >= y.Length) return;
        var v = x[i];
        v.X = formula.Forward<GpuLane>(v.X);
        v.Y = formula.Forward<GpuLane>(v.Y);
        v.Z = formula.Forward<GpuLane>(v.Z);
        v.W = formula.Forward<GpuLane>(v.W);
        y[i] = v;
    }

    private static void ForwardOne(TFormula formula, ArrayView<float> x, ArrayView<float> y)
    {
        var i = GpuThread.Index;
        if (i < y.Length) y[i] = formula.Forward<GpuLane>(x[i]);
    }

    // What the formula does not keep is not there: the conditions are constants.
    private static void BackwardFour(
        TFormula formula, ArrayView<Float4> x, ArrayView<Float4> y, ArrayView<Float4> dy, ArrayView<Float4> dx)
    {
        var i = GpuThread.Index;
        if (i >= dx.Length) return;
        var vx = (TFormula.Keeps & Keep.Input) != 0 ? x[i] : default;
        var vy = (TFormula.Keeps & Keep.Output) != 0 ? y[i] : default;
        var v = dy[i];
        v.X = formula.Backward<GpuLane>(vx.X, vy.X, v.X);
        v.Y = formula.Backward<GpuLane>(vx.Y, vy.Y, v.Y);
        v.Z = formula.Backward<GpuLane>(vx.Z, vy.Z, v.Z);
        v.W = formula.Backward<GpuLane>(vx.W, vy.W, v.W);
        dx[i] = v;
    }

    private static void BackwardOne(
        TFormula formula, ArrayView<float> x, ArrayView<float> y, ArrayView<float> dy, ArrayView<float> dx)
    {
        var i = GpuThread.Index;
        if (i >= dx.Length) return;
        dx[i] = formula.Backward<GpuLane>((TFormula.Keeps & Keep.Input) != 0 ? x[i] : 0,
            (TFormula.Keeps & Keep.Output) != 0 ? y[i] : 0, dy[i]);
    }
}
