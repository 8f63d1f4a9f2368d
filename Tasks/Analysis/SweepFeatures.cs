using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Opens the features that a sweep trains on.</summary>
public static class SweepFeatures
{
    /// <summary>A feature file as it is; of images either features that the network makes in every epoch, or those
    /// that it makes once and leaves in <c>features.safetensors</c> in the run folder, as small as the poolings allow.
    /// </summary>
    /// <param name="run">The run; an extraction in it that was stopped goes on.</param>
    /// <param name="recipe">Which features.</param>
    /// <param name="device">Where the network is to be.</param>
    /// <param name="progress">Says how far the extraction is.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <exception cref="RunException">Another process works on the run.</exception>
    public static OpenedFeatures Open(RunFolder run, SweepRecipe recipe, Device device, IRunProgress progress,
        CancellationToken cancellation = default)
    {
        var input = recipe.Features;
        if (FeatureInput.HasFeatures(input.Path) || recipe.Draws == 0)
            return input.Open(device, Side(recipe), labelled: true, recipe.Optimiser);
        var path = PathIn(run);
        using (run.Hold())
            if (!File.Exists(path)) Extract(run, recipe, input, device, progress, cancellation);
        return OpenedFeatures.FromFile(path, null, null);
    }

    /// <summary>The smallest side to which maps can be averaged so that averages of the averages, on every side that is
    /// wanted, are those of the maps: the largest that is wanted, where one divides the other.</summary>
    /// <param name="pools">The sides that are wanted.</param>
    /// <param name="maps">The maps; a smaller one stays as it is.</param>
    internal static int Side(IReadOnlyList<int> pools, IEnumerable<MapSize> maps)
    {
        int[] lengths = [.. maps.SelectMany(map => (int[])[map.Height, map.Width]).Distinct()];
        var side = pools.Max();
        while (!lengths.All(IsExact)) side++;
        return side;

        // Cells of equal size that do not overlap are divided into cells that are, too.
        bool IsExact(int length) => length <= side
            || pools.All(pool => pool == side || (length % side == 0 && side % pool == 0));
    }

    private static int Side(SweepRecipe recipe) => recipe.Features is { Network: not null } images
        && !FeatureInput.HasFeatures(images.Path)
        ? Side(recipe.Pools, images.MapSizes())
        : recipe.Pools.Max();

    /// <summary>Where the features of images are in a run folder.</summary>
    internal static string PathIn(RunFolder run) => run.At("features.safetensors");

    private static void Extract(RunFolder run, SweepRecipe recipe, FeatureInput input, Device device,
        IRunProgress progress, CancellationToken cancellation)
    {
        var data = input.Images(labelled: true);
        using var network = NetworkFile.Load(input.Network!, inference: input.Inference, device: device);
        foreach (var line in network.Assumed) progress.Say($"assumed: {line}");
        var size = input.ImageSize ?? network.Network.Config.ImageSize;
        var spec = new FeatureSpec(input.Timesteps ?? [150], input.Blocks ?? input.AllBlocks());
        var blocks = network.Backbone(input.ClassLabel).Blocks(new MapSize(size, size));
        if (spec.Blocks.Max() <= blocks.Count)
            ProbeBank.CheckMemory(spec, blocks, recipe.Pools, recipe.Rates.Count, data.ClassNames.Count,
                recipe.Optimiser, device);
        var side = Side(recipe);
        if (side > recipe.Pools.Max())
            progress.Say($"maps are stored at up to {side} x {side}, of which all averages are exact");
        var result = new FeaturesTask(PathIn(run), new FeaturesRecipe
        {
            Data = input.Path,
            Network = input.Network!,
            ImageSize = input.ImageSize,
            Timesteps = spec.Timesteps,
            Blocks = spec.Blocks,
            Draws = recipe.Draws,
            Seed = input.NoiseSeed ?? input.Seed,
            Pool = side,
            Batch = recipe.Batch,
            ClassLabel = input.ClassLabel,
            Inference = input.Inference,
            StopOnBrokenImage = input.StopOnBrokenImage,
        }, data, network).Run(progress, cancellation);
        if (result.Skipped.Length > 0) progress.Say(result.Skipped);
    }
}
