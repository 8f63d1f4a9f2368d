using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Comparisons, element by element and with broadcasting; the result is Bool. With a NaN all are false, except
/// <c>NotEqual</c>.</summary>
public static class Comparisons
{
    extension(Tensor a)
    {
        /// <summary>a = b.</summary>
        public Tensor Equal(Tensor b) => Compare<Equal>(a, b);

        /// <summary>a = b.</summary>
        public Tensor Equal(double b) => Compare<Equal>(a, b);

        /// <summary>a ≠ b.</summary>
        public Tensor NotEqual(Tensor b) => Compare<NotEqual>(a, b);

        /// <summary>a ≠ b.</summary>
        public Tensor NotEqual(double b) => Compare<NotEqual>(a, b);

        /// <summary>a &lt; b.</summary>
        public Tensor Less(Tensor b) => Compare<Less>(a, b);

        /// <summary>a &lt; b.</summary>
        public Tensor Less(double b) => Compare<Less>(a, b);

        /// <summary>a ≤ b.</summary>
        public Tensor LessEqual(Tensor b) => Compare<LessEqual>(a, b);

        /// <summary>a ≤ b.</summary>
        public Tensor LessEqual(double b) => Compare<LessEqual>(a, b);

        /// <summary>a &gt; b.</summary>
        public Tensor Greater(Tensor b) => Compare<Greater>(a, b);

        /// <summary>a &gt; b.</summary>
        public Tensor Greater(double b) => Compare<Greater>(a, b);

        /// <summary>a ≥ b.</summary>
        public Tensor GreaterEqual(Tensor b) => Compare<GreaterEqual>(a, b);

        /// <summary>a ≥ b.</summary>
        public Tensor GreaterEqual(double b) => Compare<GreaterEqual>(a, b);
    }

    private static Tensor Compare<TFormula>(Tensor a, Tensor b) where TFormula : struct, ICompare =>
        Promotion.Meet(a, b, static (a, b) => Op.Apply(new CompareOp<TFormula>(), a, b));

    private static Tensor Compare<TFormula>(Tensor a, double b) where TFormula : struct, ICompare =>
        Promotion.Meet(a, b, static (a, b) => Op.Apply(new CompareOp<TFormula>(), a, b));
}
