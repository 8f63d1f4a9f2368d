using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Activations.</summary>
internal static class PointwiseKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["silu"] = c => Run(c, x => x.Silu()),
        ["relu"] = c => Run(c, x => x.Relu()),
        ["gelu"] = Gelu,
    };

    private static void Gelu(VerifyCase c)
    {
        if (c.Meta.Text("approximate", "none") is not "none" and var other)
            throw new VerifyException($"only the exact gelu is available, not the approximation {other}");
        Run(c, x => x.Gelu());
    }

    private static void Run(VerifyCase c, Func<Tensor, Tensor> activation) => c.CheckBackward(activation(c.Leaf("x")));
}
