using System.Globalization;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>One numbered block of the network: its layers, named 0, 1, 2…</summary>
internal sealed class UNetBlock : Module
{
    private readonly LayerRun[] layers;

    public UNetBlock(BlockPlan plan)
    {
        Plan = plan;
        layers = new LayerRun[plan.Layers.Count];
        for (var i = 0; i < layers.Length; i++)
        {
            var (module, run) = plan.Layers[i].Build();
            Child(i.ToString(CultureInfo.InvariantCulture), module);
            layers[i] = run;
        }
    }

    public BlockPlan Plan { get; }

    /// <summary>Runs the layers on a map (with the skip connection already concatenated) and the activated embedding.
    /// </summary>
    /// <param name="x">The map.</param>
    /// <param name="activated">SiLU of the embedding.</param>
    /// <param name="owned">True when nobody needs the map afterwards.</param>
    public Tensor Forward(Tensor x, Tensor activated, bool owned = false)
    {
        using var _ = Anomaly.Enter(Name);
        using var scope = Scope.Open();
        var h = x;
        foreach (var layer in layers)
            h = Step.After(h, layer(h, activated, owned || !ReferenceEquals(h, x)), owned ? null : x);
        return scope.Keep(h);
    }

    /// <summary>The same, keeping only the inputs for backward, which runs the block again.</summary>
    /// <param name="h">The main path.</param>
    /// <param name="skip">The skip connection, not concatenated yet; null outside the decoder.</param>
    /// <param name="activated">The activated embedding.</param>
    public Tensor ForwardAgain(Tensor h, Tensor? skip, Tensor activated)
    {
        Tensor Body(Tensor[] inputs)
        {
            using var scope = Scope.Open();
            var x = inputs.Length == 2 ? inputs[0] : Tensor.Concat(-1, [inputs[0], inputs[2]]);
            return scope.Keep(Forward(x, inputs[1]));
        }
        return Recompute.Run(Body, skip is null ? [h, activated] : [h, activated, skip], Generator);
    }
}
