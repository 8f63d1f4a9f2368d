namespace Diffract.Tasks;

/// <summary>A folder of fixtures and its manifest.</summary>
internal sealed class GoldenFolder(string path)
{
    private readonly Dictionary<string, Fixture> byName = new(StringComparer.Ordinal);

    public string Path => path;

    /// <summary>The fixtures in the manifest's order.</summary>
    public IReadOnlyList<Fixture> Fixtures { get; } = Manifest.Read(path);

    /// <summary>A fixture that another one names.</summary>
    public Fixture Find(string name)
    {
        if (byName.Count == 0) foreach (var fixture in Fixtures) byName.TryAdd(fixture.Name, fixture);
        return byName.TryGetValue(name, out var found)
            ? found
            : throw new VerifyException($"the manifest has no fixture {name}, which this one needs");
    }

    /// <summary>Full path of a fixture's file.</summary>
    public string FullPath(string file)
    {
        var full = System.IO.Path.GetFullPath(System.IO.Path.Combine(path, file));
        var root = System.IO.Path.GetFullPath(path);
        return full.StartsWith(root.TrimEnd('/') + '/', StringComparison.Ordinal)
            ? full
            : throw new VerifyException($"the file {file} lies outside the golden folder");
    }
}
