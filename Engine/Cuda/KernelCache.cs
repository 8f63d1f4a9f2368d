using System.Security.Cryptography;
using System.Text;

namespace Diffract.Engine.Cuda;

/// <summary>Compiled and assembled kernels on the disk, so that a program starts in a second and not in ten. A file's
/// name is the hash of what its content was made from; a damaged file is noticed by a hash of the content at its end,
/// and made anew.</summary>
/// <param name="folder">Where; made when it is missing.</param>
internal sealed class KernelCache(string folder)
{
    private const int HashBytes = 32;

    /// <summary>Where the user's programs keep such files.</summary>
    public static string DefaultFolder
    {
        get
        {
            var root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            if (string.IsNullOrEmpty(root))
            {
                root = OperatingSystem.IsWindows()
                    ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                    : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            }
            return Path.Combine(root, "diffract", "kernels");
        }
    }

    /// <summary>What was made from <paramref name="origin"/> before; null when nothing was, or nothing readable.
    /// </summary>
    public byte[]? Find(string origin)
    {
        try
        {
            var bytes = File.ReadAllBytes(PathOf(origin));
            if (bytes.Length <= HashBytes) return null;
            var content = bytes.AsSpan(0, bytes.Length - HashBytes);
            return SHA256.HashData(content).AsSpan().SequenceEqual(bytes.AsSpan(content.Length))
                ? content.ToArray() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps what was made. A folder that cannot be written costs time at the next start, nothing else.
    /// </summary>
    public void Keep(string origin, byte[] content)
    {
        try
        {
            Directory.CreateDirectory(folder);
            AtomicFile.Write(PathOf(origin), stream =>
            {
                stream.Write(content);
                stream.Write(SHA256.HashData(content));
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    private string PathOf(string origin) =>
        Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(origin))));
}
