using System.Text.Json;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Finds the golden fixtures: values that PyTorch calculated, in files that README.md and manifest.json of
/// their folder describe. A test whose fixture is absent is skipped by name.</summary>
internal static class Goldens
{
    /// <summary>The environment variable that names the folder; <c>../shared/goldens</c> beside the repository
    /// otherwise. What is not there is looked for in the copy in <c>Tests/Golden</c>.</summary>
    public const string Variable = "DIFFRACT_GOLDENS";

    private static readonly Lazy<IReadOnlyList<string>> folders = new(Folders);
    private static readonly Lazy<IReadOnlyDictionary<string, JsonElement>> manifest = new(Manifest);

    /// <summary>The folder of this repository, or null where the tests run away from it.</summary>
    public static string? Repository { get; } = FindRepository();

    /// <summary>Full path of a fixture's file: <c>ops/linear.safetensors</c>. Skips the test when it is absent.
    /// </summary>
    public static string File(string name)
    {
        if (TryFile(name) is { } path) return path;
        Assert.Ignore($"the golden fixture {name} is absent; {Variable} names the folder of fixtures");
        throw new InvalidOperationException("Assert.Ignore returned");
    }

    /// <summary>Full path of a fixture's file, or null when it is absent.</summary>
    public static string? TryFile(string name) =>
        folders.Value.Select(folder => Path.Combine(folder, name)).FirstOrDefault(System.IO.File.Exists);

    /// <summary>Opens a fixture: <c>ops/linear</c> for <c>ops/linear.safetensors</c>, or a file by its whole name.
    /// Skips the test when it is absent.</summary>
    public static TensorFile Open(string fixture) =>
        TensorFile.Open(File(fixture + (Path.GetExtension(fixture) is ".safetensors" or ".pt" ? "" : ".safetensors")));

    /// <summary>What the manifest says of a fixture (<c>ops/linear</c>): kind, files, meta, tensors. Skips the test
    /// when it says nothing.</summary>
    public static JsonElement Entry(string fixture)
    {
        if (manifest.Value.TryGetValue(fixture, out var entry)) return entry;
        Assert.Ignore($"the golden fixture {fixture} is absent; {Variable} names the folder of fixtures");
        throw new InvalidOperationException("Assert.Ignore returned");
    }

    /// <summary>The settings of a fixture: <c>Goldens.Meta("ops/conv2d_k3s1p1").GetProperty("stride").GetInt32()</c>.
    /// </summary>
    public static JsonElement Meta(string fixture) => Entry(fixture).GetProperty("meta");

    /// <summary>Names of the fixtures of one kind, in the manifest's order; none when there is no manifest.</summary>
    public static IEnumerable<string> OfKind(string kind) => manifest.Value
        .Where(fixture => fixture.Value.GetProperty("kind").GetString() == kind)
        .Select(fixture => fixture.Key);

    /// <summary>How far a value may be from the stored one: |a - b| &lt;= atol + rtol |b|. Zero and zero for a tensor
    /// that must match exactly.</summary>
    public static (double Absolute, double Relative) Tolerance(string fixture, string tensor)
    {
        var entry = Entry(fixture).GetProperty("tensors").GetProperty(tensor);
        return (Number(entry, "recommended_atol"), Number(entry, "recommended_rtol"));
    }

    private static double Number(JsonElement entry, string property) =>
        entry.TryGetProperty(property, out var value) ? value.GetDouble() : 0;

    private static IReadOnlyList<string> Folders()
    {
        var found = new List<string>();
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named) found.Add(named);
        else if (Repository is not null) found.Add(Path.Combine(Repository, "..", "shared", "goldens"));
        if (Repository is not null) found.Add(Path.Combine(Repository, "Tests", "Golden"));
        found.Add(Path.Combine(AppContext.BaseDirectory, "Golden"));
        return found;
    }

    private static IReadOnlyDictionary<string, JsonElement> Manifest()
    {
        var entries = new Dictionary<string, JsonElement>();
        foreach (var folder in folders.Value)
        {
            var path = Path.Combine(folder, "manifest.json");
            if (!System.IO.File.Exists(path)) continue;
            using var document = JsonDocument.Parse(System.IO.File.ReadAllText(path));
            foreach (var fixture in document.RootElement.EnumerateObject())
                entries.TryAdd(fixture.Name, fixture.Value.Clone());
        }
        return entries;
    }

    private static string? FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !System.IO.File.Exists(Path.Combine(folder.FullName, "Engine.sln")))
            folder = folder.Parent;
        return folder?.FullName;
    }
}
