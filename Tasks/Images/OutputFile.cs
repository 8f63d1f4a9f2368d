using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Writes files for people, whole or not at all, in folders that are made when they are not there.</summary>
internal static class OutputFile
{
    public static void Write(string path, Action<Stream> write)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        AtomicFile.Write(path, write);
    }

    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
}
