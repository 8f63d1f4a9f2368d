namespace Diffract.Tests.House;

/// <summary>The repository's own text files, without what builds leave behind.</summary>
internal static class Source
{
    private static readonly string[] left = ["bin", "obj", ".git", "artifacts", "runs", "TestResults"];

    /// <summary>The folder of the repository; the test is skipped where it runs away from it.</summary>
    public static string Root
    {
        get
        {
            if (Goldens.Repository is null) NUnit.Framework.Assert.Ignore("the tests run away from their repository");
            return Goldens.Repository!;
        }
    }

    /// <summary>Paths relative to the repository, with forward slashes, of the files that match any of the patterns.
    /// </summary>
    public static IEnumerable<string> Files(params string[] patterns) => patterns
        .SelectMany(pattern => Walk(new DirectoryInfo(Root), pattern))
        .Select(file => Path.GetRelativePath(Root, file.FullName).Replace('\\', '/'))
        .Order(StringComparer.Ordinal);

    public static string[] Lines(string file) => File.ReadAllLines(Path.Combine(Root, file));

    private static IEnumerable<FileInfo> Walk(DirectoryInfo folder, string pattern) => folder.EnumerateFiles(pattern)
        .Concat(folder.EnumerateDirectories().Where(d => !left.Contains(d.Name)).SelectMany(d => Walk(d, pattern)));
}
