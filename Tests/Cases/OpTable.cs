namespace Diffract.Cases;

/// <summary>Every operation with the cases it is held to.</summary>
public static class OpTable
{
    public static IReadOnlyList<CaseFamily> Families { get; } =
    [
        .. typeof(OpTable).Assembly.GetTypes()
            .Where(t => t.IsSubclassOf(typeof(CaseFamily)) && !t.IsAbstract)
            .OrderBy(t => t.FullName, StringComparer.Ordinal)
            .Select(t => (CaseFamily)Activator.CreateInstance(t)!),
    ];

    /// <summary>The rows that tests run.</summary>
    public static IReadOnlyList<OpCase> All { get; } = [.. Families.SelectMany(f => f.Rows()).Where(r => !r.Network)];

    /// <summary>The rows that benchmarks time.</summary>
    public static IReadOnlyList<OpCase> Network { get; } =
        [.. Families.SelectMany(f => f.Rows()).Where(r => r.Network)];
}
