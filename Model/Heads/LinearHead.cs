using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Pools every map to p x p, lines its elements up in (C, H, W) order, and classifies them with linear layers,
/// a ReLU after each hidden one. Several maps are joined, time step by time step. State: <c>fcs.0</c>, <c>fcs.1</c>…
/// </summary>
public sealed class LinearHead : Head
{
    private readonly int[] blocks;
    private readonly Linear[] layers;
    private readonly int pool, timesteps;

    /// <summary>A head for some maps.</summary>
    /// <param name="blocks">The maps of one time step.</param>
    /// <param name="classes">Number of logits.</param>
    /// <param name="pool">Height and width that maps are averaged to (2 for GD(L), 1 for global means).</param>
    /// <param name="hidden">Widths of hidden layers; none for a linear probe.</param>
    /// <param name="timesteps">Number of time steps.</param>
    public LinearHead(IReadOnlyList<FeatureInfo> blocks, int classes, int pool = 2, IReadOnlyList<int>? hidden = null,
        int timesteps = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pool);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(timesteps);
        this.blocks = [.. blocks.Select(b => b.Block)];
        (this.pool, this.timesteps) = (pool, timesteps);
        int[] widths = [timesteps * pool * pool * blocks.Sum(b => b.Channels), .. hidden ?? [], classes];
        layers = new Linear[widths.Length - 1];
        for (var i = 0; i < layers.Length; i++) layers[i] = Child($"fcs.{i}", new Linear(widths[i], widths[i + 1]));
    }

    /// <summary>A head for a single map.</summary>
    public LinearHead(FeatureInfo block, int classes, int pool = 2, IReadOnlyList<int>? hidden = null)
        : this([block], classes, pool, hidden) { }

    /// <inheritdoc/>
    protected override Tensor Compute(FeatureMaps maps)
    {
        CheckMaps(maps, blocks, timesteps);
        var rows = maps.All.Select(m => Row(m.Map, pool)).ToArray();
        var h = rows.Length == 1 ? rows[0] : Tensor.Concat(1, rows);
        for (var i = 0; i < layers.Length; i++)
        {
            h = layers[i].Forward(h);
            if (i < layers.Length - 1) h = h.Relu();
        }
        return h;
    }

    /// <summary>What the first layer reads of a map: its averages over p x p cells in (C, H, W) order.</summary>
    /// <param name="map">[N, H, W, C].</param>
    /// <param name="pool">Height and width p.</param>
    /// <returns>[N, C · p · p].</returns>
    public static Tensor Row(Tensor map, int pool) =>
        Pooled(map, pool).Permute(0, 3, 1, 2).Reshape([map.Shape[0], map.Shape[3] * pool * pool]);
}
