using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>What is trained on feature maps: from maps to logits. It knows the maps' numbers, channels and sizes, and
/// nothing of the backbone.</summary>
public abstract class Head : Module
{
    /// <summary>Runs the head.</summary>
    /// <param name="maps">The maps it was made for.</param>
    /// <returns>Logits [N, classes].</returns>
    public Tensor Forward(FeatureMaps maps)
    {
        using var _ = Anomaly.Enter(Name);
        using var scope = Scope.Open();
        return scope.Keep(Compute(maps));
    }

    /// <summary>The head's calculation, inside a scope.</summary>
    protected abstract Tensor Compute(FeatureMaps maps);

    /// <summary>Refuses maps that a head was not made for.</summary>
    /// <exception cref="ArgumentException">Blocks or the number of time steps differ.</exception>
    private protected static void CheckMaps(FeatureMaps maps, IReadOnlyList<int> blocks, int timesteps)
    {
        if (maps.Timesteps != timesteps || !maps[0].Select(m => m.Block).SequenceEqual(blocks))
            throw new ArgumentException($"this head takes blocks {string.Join(", ", blocks)} at {timesteps} time "
                + $"steps, found {string.Join(", ", maps[0].Select(m => m.Block))} at {maps.Timesteps}");
    }

    /// <summary>A map averaged to p x p, unless it has that size.</summary>
    private protected static Tensor Pooled(Tensor map, int pool) =>
        map.Shape[1] == pool && map.Shape[2] == pool ? map : map.AdaptiveAvgPool2d(pool);
}
