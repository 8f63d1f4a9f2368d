using System.Runtime.InteropServices;

namespace Diffract.Engine;

/// <summary>What the base library cannot do with folders.</summary>
internal static partial class Folders
{
    private const int ReadOnly = 0;
    private const int Invalid = 22;         // EINVAL: this file system cannot flush a folder, and needs not
    private const int NotSupported = 95;    // EOPNOTSUPP

    /// <summary>Makes a rename in the folder survive a loss of power. Windows does that with the rename
    /// itself.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        var handle = Open(folder, ReadOnly);
        if (handle < 0) throw Failed(folder, Marshal.GetLastPInvokeError());
        try
        {
            if (Fsync(handle) == 0) return;
            var error = Marshal.GetLastPInvokeError();
            if (error is not (Invalid or NotSupported)) throw Failed(folder, error);
        }
        finally
        {
            _ = Close(handle);
        }
    }

    private static IOException Failed(string folder, int error) =>
        new($"{folder}: the folder cannot be flushed to disk: {Marshal.GetPInvokeErrorMessage(error)}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fsync(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int handle);
}
