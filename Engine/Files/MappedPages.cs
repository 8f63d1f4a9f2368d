using System.Runtime.InteropServices;

namespace Diffract.Engine;

/// <summary>Tells the system that pages of a mapped file are not needed for now.</summary>
internal static partial class MappedPages
{
    private const int DontNeed = 4;

    /// <summary>Releases the whole pages inside a part of a mapping that nobody has written to. Only Linux is told:
    /// elsewhere the system finds out by itself when memory runs short.</summary>
    public static void Release(nint address, long bytes)
    {
        if (!OperatingSystem.IsLinux()) return;
        nint page = Environment.SystemPageSize;
        var first = (address + page - 1) / page * page;
        var length = (address + (nint)bytes) / page * page - first;
        // Advice that is not taken does no harm.
        if (length > 0) _ = Advise(first, (nuint)length, DontNeed);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(nint address, nuint length, int advice);
}
