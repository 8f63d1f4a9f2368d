using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Feature maps of a batch of images, by time step and block, in the order that was asked for.</summary>
public sealed class FeatureMaps : IDisposable
{
    private readonly IReadOnlyList<IReadOnlyList<FeatureMap>> maps;

    /// <summary>Maps for a number of time steps.</summary>
    /// <param name="maps">For each time step the maps of the blocks. A block may appear twice (the first and the second
    /// pass of DifFeed).</param>
    /// <exception cref="ArgumentException">There are none, or the time steps have different blocks.</exception>
    public FeatureMaps(IReadOnlyList<IReadOnlyList<FeatureMap>> maps)
    {
        if (maps.Count == 0 || maps[0].Count == 0) throw new ArgumentException("feature maps need at least one map");
        foreach (var step in maps)
            if (!step.Select(m => m.Block).SequenceEqual(maps[0].Select(m => m.Block)))
                throw new ArgumentException("every time step needs the same blocks");
        this.maps = maps;
    }

    /// <summary>A single map.</summary>
    public FeatureMaps(int block, Tensor map) : this([[new FeatureMap(block, map)]]) { }

    /// <summary>Number of time steps.</summary>
    public int Timesteps => maps.Count;

    /// <summary>Number of images.</summary>
    public long BatchSize => maps[0][0].Map.Shape[0];

    /// <summary>The maps of a time step, by its position in the list that was asked for.</summary>
    public IReadOnlyList<FeatureMap> this[int timestep] => maps[timestep];

    /// <summary>All maps, time step by time step.</summary>
    public IEnumerable<FeatureMap> All => maps.SelectMany(step => step);

    /// <summary>Applies something to every map.</summary>
    public FeatureMaps Select(Func<Tensor, Tensor> body) =>
        new([.. maps.Select(step => (IReadOnlyList<FeatureMap>)[.. step.Select(m => m with { Map = body(m.Map) })])]);

    /// <summary>The maps on a device; those that are there already are the same tensors.</summary>
    public FeatureMaps To(Device device) => Select(map => map.To(device));

    /// <summary>Lets all maps outlive a scope.</summary>
    public FeatureMaps KeepIn(Scope scope)
    {
        foreach (var map in All) scope.Keep(map.Map);
        return this;
    }

    /// <summary>Takes all maps out of every scope: they live until <see cref="Dispose"/>.</summary>
    public FeatureMaps Detach()
    {
        foreach (var map in All) Scope.Detach(map.Map);
        return this;
    }

    /// <summary>Releases all maps.</summary>
    public void Dispose()
    {
        foreach (var map in All) map.Map.Dispose();
    }
}
