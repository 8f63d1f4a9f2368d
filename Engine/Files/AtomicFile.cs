namespace Diffract.Engine;

/// <summary>Replaces a file as a whole: whoever opens it finds the old content or the new one, never a part, whatever
/// happens to the program or the machine in between.</summary>
/// <remarks>The content goes to a new file beside the old one (<c>.name.random.tmp</c>), is flushed to the disk, and
/// takes the old one's name in one step; then the folder is flushed too. A temporary file that a killed run left behind
/// is never read, and is removed by a later write to the same name.</remarks>
public static class AtomicFile
{
    private const int BufferBytes = 1 << 16;

    /// <summary>A temporary file younger than this may belong to a run that has not locked it yet.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);

    /// <summary>Replaces <paramref name="path"/> by what <paramref name="write"/> writes. When it throws, the old file
    /// stays as it was.</summary>
    /// <param name="path">The file, which need not exist; its folder must.</param>
    /// <param name="write">Writes the content; it may seek, and need not flush.</param>
    /// <exception cref="IOException">It cannot be made there, there is no room for it, or the file system takes no file
    /// as large.</exception>
    public static void Write(string path, Action<FileStream> write)
    {
        var full = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(full)
            ?? throw new ArgumentException($"{path} is not the name of a file", nameof(path));
        var temporary = Path.Combine(folder, $".{Path.GetFileName(full)}.{Path.GetRandomFileName()}.tmp");
        var stream = Create(path, full, temporary);
        var isWritten = false;
        try
        {
            using (stream)
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            isWritten = true;
            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception e)
        {
            File.Delete(temporary);
            if (IsTooLarge(e)) throw TooLarge(full, e);
            if (isWritten && Directory.Exists(full))
                throw new IOException($"{path} cannot be written: it is a folder", e);
            // What is read while it is written has errors of its own.
            if (Unwritable.IsRefusal(e) && (isWritten || e.Message.Contains(temporary, StringComparison.Ordinal)))
                throw Unwritable.Because(path, e);
            throw;
        }
        Folders.Flush(folder);
    }

    /// <summary>True for the exception by which a <see cref="FileStream"/> says that the file system, or a limit of the
    /// user, allows no file as large as it became (EFBIG): an argument is blamed that nobody gave.</summary>
    public static bool IsTooLarge(Exception e) => e is ArgumentOutOfRangeException
    {
        ParamName: "value", ActualValue: null, Source: "System.Private.CoreLib",
    };

    /// <summary>The exception that says it with the file's name.</summary>
    public static IOException TooLarge(string path, Exception cause) =>
        new($"{path}: the file system, or a limit of this user, allows no file as large as this one would be", cause);

    /// <summary>Replaces <paramref name="path"/> by a text, in UTF-8.</summary>
    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    private static FileStream Create(string path, string full, string temporary)
    {
        try
        {
            RemoveStale(Path.GetDirectoryName(full)!, Path.GetFileName(full));
            return new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, BufferBytes);
        }
        catch (Exception e) when (Unwritable.IsRefusal(e))
        {
            throw Unwritable.Because(path, e);
        }
    }

    private static void RemoveStale(string folder, string name)
    {
        foreach (var left in Directory.EnumerateFiles(folder, $".{name}.*.tmp"))
        {
            if (DateTime.UtcNow - File.GetLastWriteTimeUtc(left) < Settled) continue;
            try
            {
                // The run that writes it holds it locked; the lock of a killed run is gone.
                new FileStream(left, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose)
                    .Dispose();
            }
            catch (IOException)
            {
                // In use, or somebody else has removed it.
            }
            catch (UnauthorizedAccessException)
            {
                // Another user's.
            }
        }
    }
}
