namespace Diffract.Peers;

/// <summary>Names and shapes of parameters, in the checkpoints' order.</summary>
internal sealed class ParameterShapes : OrderedDictionary<string, long[]>
{
    /// <summary>Of a network as far as a block; of all of it when <paramref name="last"/> is 0.</summary>
    public static ParameterShapes Of(Plan plan, int last)
    {
        var shapes = new ParameterShapes();
        shapes.Linear("time_embed.0", plan.Embedding, plan.Width);
        shapes.Linear("time_embed.2", plan.Embedding, plan.Embedding);
        foreach (var block in plan.Blocks.Take(last > 0 ? last : int.MaxValue))
            for (var i = 0; i < block.Layers.Count; i++)
                shapes.Layer($"{block.Name}.{i}", block.Layers[i], plan.Embedding);
        if (last > 0) return shapes;
        shapes.Norm("out.0", plan.Width);
        shapes.Linear("out.2", 6, plan.Width, 3, 3);
        return shapes;
    }

    /// <summary>A weight and a bias.</summary>
    public void Linear(string name, params long[] shape)
    {
        Add($"{name}.weight", shape);
        Add($"{name}.bias", [shape[0]]);
    }

    /// <summary>A norm over channels.</summary>
    public void Norm(string name, long channels) => Linear(name, channels);

    /// <summary>A residual block, whose names start with a prefix.</summary>
    public void Residual(string prefix, long from, long to, long embedding)
    {
        Norm($"{prefix}in_layers.0", from);
        Linear($"{prefix}in_layers.2", to, from, 3, 3);
        Linear($"{prefix}emb_layers.1", 2 * to, embedding);
        Norm($"{prefix}out_layers.0", to);
        Linear($"{prefix}out_layers.3", to, to, 3, 3);
        if (from != to) Linear($"{prefix}skip_connection", to, from, 1, 1);
    }

    private void Layer(string name, PlanLayer layer, long embedding)
    {
        switch (layer.Kind)
        {
            case 'c':
                Linear(name, layer.Out, layer.In, 3, 3);
                break;
            case 'r':
                Residual($"{name}.", layer.In, layer.Out, embedding);
                break;
            default:
                Norm($"{name}.norm", layer.In);
                Linear($"{name}.qkv", 3 * layer.In, layer.In, 1);
                Linear($"{name}.proj_out", layer.In, layer.In, 1);
                break;
        }
    }
}
