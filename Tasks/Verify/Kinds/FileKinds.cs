using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Files of tensors in the flavours that PyTorch has written over the years.</summary>
internal static class FileKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new() { ["tensor_file"] = TensorFileCase };

    private static void TensorFileCase(VerifyCase c)
    {
        c.Use(c.Names);
        if (c.Fixture.Reference is { } reference) CompareWithReference(c, reference);
        else RoundTrip(c);
    }

    /// <summary>Writes the tensors in both formats and reads them back, bit by bit.</summary>
    private static void RoundTrip(VerifyCase c)
    {
        var folder = Directory.CreateTempSubdirectory("diffract-verify-");
        try
        {
            foreach (var file in new[] { "copy.safetensors", "copy.pt" })
            {
                var path = Path.Combine(folder.FullName, file);
                TensorFile.Save(path, c.Data.Tensors);
                var copy = FixtureData.ReadFile(path);
                foreach (var (name, tensor) in c.Data.Tensors)
                    c.Require($"{file}: {name}",
                        copy.TryGetValue(name, out var back) && FixtureData.SameBits(tensor, back),
                        "the tensor is not the same after writing and reading");
                c.Require($"{file}: names", copy.Keys.SequenceEqual(c.Names), "names or their order changed");
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void CompareWithReference(VerifyCase c, string reference)
    {
        var expected = FixtureData.Read(c.Folder, c.Folder.Find(reference));
        var parameters = OptimizerParameters(c);
        var wanted = expected.Tensors.Keys.Where(name => !parameters.Contains(name)).ToArray();
        var names = Match(c, wanted);
        foreach (var name in wanted)
        {
            var found = names[name] is { } own ? c.Data[own] : null;
            c.Require(name, found is not null && FixtureData.SameBits(expected[name], found), found is null
                ? $"the file lacks this tensor of {reference}; it has {string.Join(", ", c.Names.Take(5))}"
                : Difference(name, expected[name], found));
        }
        // A nested checkpoint may hold more than the reference; a plain one must hold just that.
        if (names.All(n => n.Key == n.Value))
            foreach (var more in c.Names.Except(wanted)) c.Fail(more, $"{reference} has no such tensor");
    }

    private static string Difference(string name, Tensor expected, Tensor found) => expected.DType != found.DType
        ? $"expected {expected.DType}, found {found.DType}"
        : TensorCheck.Compare(name, expected, found, Tolerance.Exact).Problem ?? "the bits differ";

    /// <summary>The file's name for each of the reference's: the same; or behind the key of the checkpoint's entry that
    /// holds them all; or with dots elsewhere (state0.step and state.0.step).</summary>
    private static Dictionary<string, string?> Match(VerifyCase c, string[] wanted)
    {
        if (wanted.All(c.Has)) return wanted.ToDictionary(n => n, string? (n) => n);
        var entries = c.Names.SelectMany(Prefixes).Distinct();
        if (entries.FirstOrDefault(entry => wanted.All(n => c.Has(entry + n))) is { } prefix)
            return wanted.ToDictionary(n => n, string? (n) => prefix + n);
        var plain = c.Names.ToLookup(Dotless, StringComparer.Ordinal);
        return wanted.ToDictionary(n => n, n => plain[Dotless(n)].Count() == 1 ? plain[Dotless(n)].Single() : null);
    }

    private static IEnumerable<string> Prefixes(string name)
    {
        for (var at = name.IndexOf('.', StringComparison.Ordinal); at >= 0; at = name.IndexOf('.', at + 1))
            yield return name[..(at + 1)];
    }

    private static string Dotless(string name) => name.Replace(".", "", StringComparison.Ordinal);

    /// <summary>The state of an optimiser counts its parameters but does not hold them, so a reference's p0, p1, …
    /// cannot be in the file.</summary>
    private static HashSet<string> OptimizerParameters(VerifyCase c)
    {
        using var file = TensorFile.Open(c.Folder.FullPath(c.Fixture.Files[0]));
        if (file.Root is not TensorTree root || !root.TryGetValue("param_groups", out var groups)
            || groups is not IReadOnlyList<object?> list)
            return [];
        return [.. list.OfType<TensorTree>().Where(group => group.ContainsKey("params"))
            .SelectMany(group => group["params"] as IReadOnlyList<object?> ?? []).Select(index => $"p{index}")];
    }
}
