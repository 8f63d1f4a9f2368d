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

    private static void Gelu(VerifyCase c) => Run(c, c.Meta.Text("approximate", "none") switch
    {
        "none" => x => x.Gelu(),
        "tanh" => x => x.GeluTanh(),
        var other => throw new VerifyException($"there is no approximation {other} of gelu"),
    });

    private static void Run(VerifyCase c, Func<Tensor, Tensor> activation) => c.CheckBackward(activation(c.Leaf("x")));
}
