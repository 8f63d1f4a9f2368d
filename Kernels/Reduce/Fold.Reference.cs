using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class Fold<TFormula>
{
    private static void Reference(CpuDevice device, FoldArgs args)
    {
        for (long result = 0; result < args.Outer * args.Inner; result++)
        {
            var (o, i) = Math.DivRem(result, args.Inner);
            var sofar = DoubleLane.Of(TFormula.Start);
            for (long n = 0; n < args.Length; n++)
                sofar = TFormula.Step<DoubleLane>(sofar, args.X.F64[(((o * args.Length) + n) * args.Inner) + i]);
            args.Y.F64[result] = TFormula.Finish(sofar) * args.Scale;
        }
    }
}
