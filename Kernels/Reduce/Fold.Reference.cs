using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class Fold<TFormula>
{
    private static void Reference(CpuDevice device, FoldArgs args)
    {
        for (long result = 0; result < args.Outer * args.Inner; result++)
        {
            var (o, i) = Math.DivRem(result, args.Inner);
            double sum = 0;
            for (long n = 0; n < args.Length; n++)
                sum += TFormula.Term<DoubleLane>(args.X.F64[(o * args.Length + n) * args.Inner + i]);
            args.Y.F64[result] = TFormula.Finish(sum) * args.Scale;
        }
    }
}
