using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Writes files for people, whole or not at all, in folders that are made when they are not there.</summary>
internal static class OutputFile
{
    public static void Write(string path, Action<Stream> write)
    {
        MakeFolder(Path.GetDirectoryName(Path.GetFullPath(path))!, path);
        AtomicFile.Write(path, write);
    }

    /// <summary>Makes a folder, with those on the way to it, where it is not there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="path">What is to be written, as the caller named it.</param>
    /// <exception cref="IOException">It cannot be made; said of <paramref name="path"/>.</exception>
    public static void MakeFolder(string folder, string path)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (Unwritable.IsRefusal(e))
        {
            throw Unwritable.Because(path, e);
        }
    }

    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
}
