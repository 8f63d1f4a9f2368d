using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>A block of the Inception network: branches that all read the same map, and lie beside each other in the
/// result.</summary>
internal sealed class InceptionBlock : Layer
{
    private readonly (InceptionBranch Plan, InceptionConv[] Layers)[] branches;

    /// <param name="inChannels">Channels of the input.</param>
    /// <param name="plan">Its branches.</param>
    public InceptionBlock(int inChannels, IReadOnlyList<InceptionBranch> plan)
    {
        branches = [.. plan.Select(branch => (branch, Layers(branch, inChannels)))];
        OutChannels = plan.Sum(branch => branch.Steps.Count == 0 ? inChannels
            : branch.Steps.TakeLast(branch.Forks ? 2 : 1).Sum(step => step.Channels));
    }

    /// <summary>Channels of the result.</summary>
    public int OutChannels { get; }

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x)
    {
        using var scope = Scope.Open();
        return scope.Keep(Tensor.Concat(-1, [.. branches.SelectMany(branch => Run(branch.Plan, branch.Layers, x))]));
    }

    private InceptionConv[] Layers(InceptionBranch branch, int inChannels)
    {
        var layers = new InceptionConv[branch.Steps.Count];
        for (var i = 0; i < layers.Length; i++)
        {
            layers[i] = Child(branch.Steps[i].Name, new InceptionConv(inChannels, branch.Steps[i]));
            // Of two that fork the second reads what the first does.
            if (!(branch.Forks && i == layers.Length - 2)) inChannels = branch.Steps[i].Channels;
        }
        return layers;
    }

    private static IEnumerable<Tensor> Run(InceptionBranch plan, InceptionConv[] layers, Tensor x)
    {
        var h = plan.Pool.Of(x);
        foreach (var layer in layers[..(plan.Forks ? ^2 : ^0)]) h = Step.After(h, layer.Forward(h), x);
        return plan.Forks ? [layers[^2].Forward(h), layers[^1].Forward(h)] : [h];
    }
}
