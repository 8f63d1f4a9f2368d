using System.Security.Cryptography;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>A folder of feature files, each with the images of one shard, made by jobs that know nothing of each other:
/// <code>
/// shard-00000-of-00004.safetensors    a feature file
/// shard-00000-of-00004.json           its manifest, written when the file is whole
/// manifest.json                       all manifests in one, written when all shards are there
/// </code>
/// No file is written by more than one shard's job, but manifest.json, into which each writes the same.</summary>
public static class FeatureCache
{
    private const string Whole = "manifest.json";

    /// <summary>Path of a shard's feature file.</summary>
    public static string ShardPath(string folder, int number, int of) =>
        Path.Combine(folder, $"shard-{number:00000}-of-{of:00000}.safetensors");

    /// <summary>Path of the manifest of a shard.</summary>
    public static string ManifestPath(string shardPath) => Path.ChangeExtension(shardPath, ".json");

    /// <summary>Path of the manifest of the whole cache.</summary>
    public static string ManifestOf(string folder) => Path.Combine(folder, Whole);

    /// <summary>The images of a shard: a contiguous range, as even as can be. The rows of all shards one after the
    /// other are then in the order of the data set, and reading in that order reads file by file.</summary>
    public static (int First, int Count) Range(int images, int number, int of)
    {
        var first = (int)((long)images * number / of);
        return (first, (int)((long)images * (number + 1) / of) - first);
    }

    /// <summary>The feature files of a folder in the order of their images, when all are there and undamaged. A file is
    /// read whole for that only when its time is not the one in its manifest.</summary>
    /// <exception cref="DiffractException">A shard is missing, damaged, or of another extraction.</exception>
    public static IReadOnlyList<string> Files(string folder) =>
        [.. Check(folder, IsUntouched).Shards.Select(shard => Path.Combine(folder, shard.File))];

    /// <summary>Reads every file whole and compares it with its hash, then writes the manifest of the cache.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="progress">Says how far it is.</param>
    /// <returns>The manifest.</returns>
    /// <exception cref="DiffractException">A shard is missing, damaged, or of another extraction.</exception>
    public static FeatureManifest Merge(string folder, IRunProgress progress)
    {
        var known = Manifests(folder);
        FeatureManifest whole;
        using (var bar = progress.Begin("checking", known[0].Manifest.Of, "shards"))
            whole = Check(folder, (_, _) =>
            {
                bar.Advance();
                return false;
            });
        // Copied files have other times: noted, so that they need not be read whole again.
        whole = whole with
        {
            Shards = [.. whole.Shards.Select(s => s with { Written = Time(Path.Combine(folder, s.File)) })],
        };
        foreach (var shard in whole.Shards)
            (whole with { Shards = [shard] }).Save(ManifestPath(Path.Combine(folder, shard.File)));
        whole.Save(ManifestOf(folder));
        return whole;
    }

    /// <summary>Writes the manifest of the cache if all shards have one.</summary>
    /// <returns>How many have one.</returns>
    internal static int TryComplete(string folder, FeatureManifest extraction)
    {
        var shards = Enumerable.Range(0, extraction.Of)
            .Select(number => FeatureManifest.Find(ManifestPath(ShardPath(folder, number, extraction.Of))))
            .Select(manifest => manifest?.Shards is [{ } shard] ? shard : null).OfType<FeatureShard>().ToList();
        if (shards.Count == extraction.Of) (extraction with { Shards = shards }).Save(ManifestOf(folder));
        return shards.Count;
    }

    /// <summary>Describes a shard's file as it is now.</summary>
    internal static FeatureShard Describe(string path, int number, int first, int count, int rows) =>
        new(number, first, count, rows, Path.GetFileName(path), Hash(path), new FileInfo(path).Length, Time(path));

    /// <summary>What is wrong with a shard's file, in words; null when nothing is.</summary>
    internal static string? Problem(string folder, FeatureShard shard, Func<string, FeatureShard, bool> isKnown)
    {
        var path = Path.Combine(folder, shard.File);
        if (!File.Exists(path)) return "is missing";
        if (new FileInfo(path).Length is var bytes && bytes != shard.Bytes)
            return $"is damaged: {bytes} bytes instead of {shard.Bytes}";
        return isKnown(path, shard) || Hash(path) == shard.Sha256 ? null : "is damaged: its content has another hash";
    }

    /// <summary>Whether a file has still the time it had when its hash was calculated.</summary>
    internal static bool IsUntouched(string path, FeatureShard shard) => Time(path) == shard.Written;

    /// <summary>Whether a folder has a shard that is complete.</summary>
    public static bool IsIn(string folder) => ManifestPaths(folder).Length > 0;

    /// <summary>The manifests of the shards of a folder that have one.</summary>
    /// <exception cref="DiffractException">There is none, or one is damaged.</exception>
    internal static IReadOnlyList<(string Path, FeatureManifest Manifest)> Manifests(string folder)
    {
        var paths = ManifestPaths(folder);
        if (paths.Length == 0)
            throw new DiffractException($"{folder} is no folder of features: no shard of them is complete (diffract "
                + "features --shard makes one)");
        return [.. paths.Order(StringComparer.Ordinal).Select(path => (path, Checked(path)))];
    }

    private static FeatureManifest Checked(string path)
    {
        var manifest = FeatureManifest.Load(path);
        if (manifest.Shards is not [{ } shard])
            throw new DiffractException($"{path} is no manifest of one shard: remove it, and make the shard again with "
                + "diffract features --shard");
        var expected = Path.GetFileName(ManifestPath(ShardPath("", shard.Number, manifest.Of)));
        return Path.GetFileName(path) == expected ? manifest : throw new DiffractException(
            $"{path} is the manifest of shard {shard.Number} of {manifest.Of}, which is called {expected}: remove it "
            + "if it is a copy, else give it that name");
    }

    private static FeatureManifest Check(string folder, Func<string, FeatureShard, bool> isKnown)
    {
        var manifests = Manifests(folder);
        var (firstPath, first) = manifests[0];
        foreach (var (path, manifest) in manifests)
            if (first.Difference(manifest) is { } difference)
                throw new DiffractException($"{path} does not go with {firstPath}: {difference}");
        var shards = manifests.ToDictionary(m => m.Manifest.Shards[0].Number, m => m.Manifest.Shards[0]);
        var problems = new List<string>();
        for (var number = 0; number < first.Of; number++)
        {
            var problem = shards.TryGetValue(number, out var shard) ? Problem(folder, shard, isKnown) : "is missing";
            if (problem is not null)
                problems.Add($"shard {number} of {first.Of}, {ShardPath(folder, number, first.Of)}, {problem}");
        }
        if (problems.Count > 0)
            throw new DiffractException($"{string.Join("; ", problems)}; diffract features with --shard and the number "
                + "makes it");
        return first with { Shards = [.. Enumerable.Range(0, first.Of).Select(number => shards[number])] };
    }

    private static string[] ManifestPaths(string folder) =>
        Directory.Exists(folder) ? Directory.GetFiles(folder, "shard-*-of-*.json") : [];

    private static DateTime Time(string path) => File.GetLastWriteTimeUtc(path);

    private static string Hash(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
