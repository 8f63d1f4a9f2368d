using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>What making a shard gave.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Path">Its file.</param>
/// <param name="Skipped">Images that could not be read, in words; empty when all could.</param>
/// <param name="Complete">Shards that are complete now.</param>
public sealed record FeatureShardResult(FeatureShard Shard, string Path, string Skipped, int Complete);

/// <summary>Makes one shard of a feature cache. Killed at any point, it goes on where it was when it is run again; a
/// shard that is complete is checked, and made again when it is damaged.</summary>
/// <param name="folder">The cache; other shards may be made at the same time, by any number of processes.</param>
/// <param name="number">Which shard, from 0.</param>
/// <param name="of">Number of shards.</param>
/// <param name="recipe">What to do; the same for all shards.</param>
/// <param name="data">All images.</param>
/// <param name="network">The network.</param>
public sealed class FeatureShardTask(
    string folder, int number, int of, FeaturesRecipe recipe, ImageDataset data, DiffusionNetwork network)
{
    private readonly string path = FeatureCache.ShardPath(folder, number, of);
    private readonly FeatureManifest extraction = FeatureManifest.For(recipe, network, data, of);

    private string ManifestPath => FeatureCache.ManifestPath(path);

    /// <summary>Makes the shard, or finds it whole.</summary>
    /// <param name="progress">Says how far it is.</param>
    /// <param name="again">Makes it again even if it is whole.</param>
    /// <param name="cancellation">Stops between two batches; running again goes on.</param>
    /// <exception cref="DiffractException">The folder has shards of another extraction.</exception>
    public FeatureShardResult Run(IRunProgress progress, bool again = false, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(number, of);
        if (of > data.Count)
            throw new DiffractException($"{data.Count} images cannot be divided into {of} shards");
        OutputFile.MakeFolder(folder, folder);
        RefuseOthers();
        var skipped = "";
        var shard = again ? null : Made(progress);
        if (shard is null) (shard, skipped) = Make(progress, cancellation);
        else FeatureSpool.Remove(path);
        return new(shard, path, skipped, FeatureCache.TryComplete(folder, extraction));
    }

    // Before any work, not when all is put together.
    private void RefuseOthers()
    {
        foreach (var other in Directory.GetFiles(folder, "shard-*-of-*.json"))
            if (FeatureManifest.Find(other) is { } manifest && extraction.Difference(manifest) is { } difference)
                throw new DiffractException($"{other} is of another extraction: {difference}. Remove the files of that "
                    + "one, or write to another folder");
    }

    // The shard if an earlier run made it and its file is still what it was.
    private FeatureShard? Made(IRunProgress progress)
    {
        if (FeatureManifest.Find(ManifestPath) is not { Shards: [var shard] }) return null;
        // Whoever runs a complete shard again wants to know: the file is read whole.
        if (FeatureCache.Problem(folder, shard, (_, _) => false) is not { } problem) return shard;
        progress.Say($"{path} {problem}; it is made again");
        return null;
    }

    private (FeatureShard, string) Make(IRunProgress progress, CancellationToken cancellation)
    {
        // The manifests say that the file is whole: they go first, and come last.
        File.Delete(ManifestPath);
        File.Delete(FeatureCache.ManifestOf(folder));
        File.Delete(path);
        var (first, count) = FeatureCache.Range(data.Count, number, of);
        FeatureShard? made = null;
        var task = new FeaturesTask(path, recipe, data, network, first, count)
        {
            // Before the spool is removed, from which a killed run would go on.
            Saved = rows =>
            {
                made = FeatureCache.Describe(path, number, first, count, rows);
                (extraction with { Shards = [made] }).Save(ManifestPath);
            },
        };
        var result = task.Run(progress, cancellation);
        return (made!, result.Skipped);
    }
}
