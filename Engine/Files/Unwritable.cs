namespace Diffract.Engine;

/// <summary>Says why a file or folder cannot be written under the name that the caller gave it: the system speaks of
/// temporary files, and of folders on the way.</summary>
public static class Unwritable
{
    /// <summary>The exception to throw instead of the system's.</summary>
    /// <param name="path">The file or folder, as the caller named it.</param>
    /// <param name="cause">What the system said.</param>
    public static IOException Because(string path, Exception cause) =>
        new($"{path} cannot be written: {Reason(path, cause)}", cause);

    /// <summary>True for what the system says of a file or folder that it does not make.</summary>
    public static bool IsRefusal(Exception e) => e is IOException or UnauthorizedAccessException;

    private static string Reason(string path, Exception cause)
    {
        for (var at = Parent(path); at is { Length: > 0 }; at = Parent(at))
            if (File.Exists(at)) return $"{at} is a file, not a folder";
        var parent = Parent(path) is { Length: > 0 } given ? given : ".";
        return cause switch
        {
            UnauthorizedAccessException => "permission denied",
            DirectoryNotFoundException or FileNotFoundException => Directory.Exists(parent)
                ? $"nothing can be made in {parent}"
                : $"there is no folder {parent}",
            _ => Sentence(cause.Message),
        };
    }

    private static string? Parent(string path) => Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(path));

    // "Read-only file system : '/data/.name.random.tmp'" names a file that nobody asked for.
    private static string Sentence(string message) =>
        message.IndexOf(" : '", StringComparison.Ordinal) is > 0 and var end ? message[..end] : message;
}
