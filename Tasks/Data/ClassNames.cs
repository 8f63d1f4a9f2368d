namespace Diffract.Tasks;

/// <summary>Class names in messages.</summary>
internal static class ClassNames
{
    /// <summary>The first five.</summary>
    public static string Some(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(5)) + (names.Count > 5 ? ", ..." : "");
}
