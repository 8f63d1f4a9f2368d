using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>fc2(GELU(fc1(x))), with the exact GELU.</summary>
internal sealed class Mlp : Layer
{
    private readonly Linear fc1, fc2;

    public Mlp(int features, int hidden)
    {
        fc1 = Child("fc1", new Linear(features, hidden));
        fc2 = Child("fc2", new Linear(hidden, features));
    }

    protected override Tensor Compute(Tensor x)
    {
        using var scope = Scope.Open();
        var h = fc1.Forward(x);
        h = Step.After(h, h.Gelu());
        return scope.Keep(fc2.Forward(h));
    }
}
