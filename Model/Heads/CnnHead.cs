using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Two convolutions with a ReLU after each, and a linear layer on their elements in (C, H, W) order. Maps are
/// averaged to one size first; several, of blocks or time steps, are joined along their channels. The paper gives its
/// numbers of parameters only, from which the layers were inferred. State: <c>conv1</c>, <c>conv2</c>, <c>fc</c>.
/// </summary>
public sealed class CnnHead : Head
{
    private readonly int[] blocks;
    private readonly int pool, timesteps;
    private readonly Conv2d conv1, conv2;
    private readonly Linear fc;

    /// <summary>A head for some maps.</summary>
    /// <param name="blocks">The maps of one time step.</param>
    /// <param name="classes">Number of logits.</param>
    /// <param name="channels">Channels of the two convolutions.</param>
    /// <param name="pool">Height and width that maps are averaged to.</param>
    /// <param name="kernel">Height and width of both kernels.</param>
    /// <param name="stride">Step of both kernels.</param>
    /// <param name="timesteps">Number of time steps.</param>
    /// <exception cref="ArgumentException">The kernels do not fit into a map of that size.</exception>
    public CnnHead(IReadOnlyList<FeatureInfo> blocks, int classes, (int First, int Second) channels, int pool = 8,
        int kernel = 2, int stride = 2, int timesteps = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pool);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(kernel);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(stride);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(timesteps);
        int After(int size) => (size - kernel) / stride + 1;
        if (pool < kernel || After(pool) < kernel)
            throw new ArgumentException($"two convolutions of {kernel} x {kernel} with stride {stride} do not fit into "
                + $"a map of {pool} x {pool}");
        this.blocks = [.. blocks.Select(b => b.Block)];
        (this.pool, this.timesteps) = (pool, timesteps);
        var side = After(After(pool));
        conv1 = Child("conv1", new Conv2d(timesteps * blocks.Sum(b => b.Channels), channels.First, kernel, stride));
        conv2 = Child("conv2", new Conv2d(channels.First, channels.Second, kernel, stride));
        fc = Child("fc", new Linear(channels.Second * side * side, classes));
    }

    /// <inheritdoc/>
    protected override Tensor Compute(FeatureMaps maps)
    {
        CheckMaps(maps, blocks, timesteps);
        var pooled = maps.All.Select(m => Pooled(m.Map, pool)).ToArray();
        var h = pooled.Length == 1 ? pooled[0] : Tensor.Concat(-1, pooled);
        h = conv2.Forward(conv1.Forward(h).Relu()).Relu();
        return fc.Forward(h.Permute(0, 3, 1, 2).Reshape([h.Shape[0], h.Count / h.Shape[0]]));
    }
}
