using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

public static unsafe partial class BinaryMap<TFormula>
{
    private static readonly GpuKernel forward = new(ForwardGpu);

    private static void RunGpu(GpuDevice device, BinaryMapArgs<TFormula> args) =>
        forward.LaunchFor(device, args.Y.Count, new GpuArguments().Put(args.Formula).Put(args.Plan.ForGpu())
            .Put<float>(args.A).Put<float>(args.B).Put<float>(args.Y));

    private static void RunGradGpu<TSide>(GpuDevice device, BinaryGradArgs<TFormula> args)
        where TSide : struct, ISide =>
        GradGpu<TSide>.Kernel.LaunchFor(device, args.DX.Count, new GpuArguments().Put(args.Formula)
            .Put(args.Plan.ForGpu()).Put<float>(args.A).Put<float>(args.B).Put<float>(args.Y).Put<float>(args.DY)
            .Put<float>(args.DX));

    private static void ForwardGpu(
        TFormula formula, GpuWalk walk, ArrayView<float> a, ArrayView<float> b, ArrayView<float> y)
    {
        var i = GpuThread.Index;
        if (i >= walk.Count) return;
        walk.At(i, out var atA, out var atB, out _);
        y[i] = formula.Forward<GpuLane>(a[atA], b[atB]);
    }

    private static class GradGpu<TSide> where TSide : struct, ISide
    {
        public static readonly GpuKernel Kernel = new(Gradient);

        // What the gradient does not read is not there; the conditions are constants.
        private static void Gradient(TFormula formula, GpuWalk walk, ArrayView<float> a, ArrayView<float> b,
            ArrayView<float> y, ArrayView<float> dy, ArrayView<float> dx)
        {
            var i = GpuThread.Index;
            if (i >= walk.Count) return;
            walk.At(i, out var atA, out var atB, out _);
            dx[i] = TSide.Backward<GpuLane>(formula, (TSide.Keeps & Keep.Input) != 0 ? a[atA] : 0,
                (TSide.Keeps & Keep.Other) != 0 ? b[atB] : 0, (TSide.Keeps & Keep.Output) != 0 ? y[i] : 0, dy[i]);
        }
    }
}
