namespace Diffract.Tasks;

/// <summary>Room for files.</summary>
internal static class DiskSpace
{
    /// <summary>Free bytes on the disk that a file is, or would be, on; null where nobody says.</summary>
    public static long? Free(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        try
        {
            return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(folder)! : folder).AvailableFreeSpace;
        }
        // A share of the network has no letter.
        catch (Exception e) when (e is ArgumentException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
