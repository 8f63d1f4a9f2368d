using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Diffract.Engine;

/// <summary>The bytes of a file, mapped into memory and read through checked slices, so that no reader can leave them
/// whatever a file says of itself. The mapping lives until its last owner (the open file, and each storage over a part
/// of it) has disposed it.</summary>
/// <remarks>A file must not be shortened while it is mapped: the system then ends the process that touches the lost
/// part. <see cref="AtomicFile"/> replaces files instead of changing them, so what it writes is safe.</remarks>
internal sealed unsafe class FileBytes : IDisposable
{
    private readonly MemoryMappedFile? mapping;
    private readonly MemoryMappedViewAccessor? accessor;
    private readonly byte* start;
    private int owners = 1;
    private int freed;

    private FileBytes(string path, long length, MemoryMappedFile mapping)
    {
        (Path, Length, this.mapping) = (path, length, mapping);
        accessor = mapping.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        accessor.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
    }

    private FileBytes(string path, ReadOnlySpan<byte> content)
    {
        (Path, Length) = (path, content.Length);
        start = (byte*)NativeMemory.Alloc((nuint)Math.Max(1, content.Length));
        content.CopyTo(new Span<byte>(start, content.Length));
    }

    /// <summary>Gives back what a program forgot.</summary>
    ~FileBytes() => Free();

    /// <summary>The file as the caller named it.</summary>
    public string Path { get; }

    /// <summary>Bytes in the file.</summary>
    public long Length { get; }

    /// <summary>Maps a file, of any size.</summary>
    /// <exception cref="FileFormatException">It is a folder.</exception>
    public static FileBytes Map(string path)
    {
        // The system's own word for it is a lack of permission.
        if (Directory.Exists(path)) throw new FileFormatException(path, 0, "this is a folder, not a file");
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
        var length = stream.Length;
        // Nothing can be mapped of an empty file.
        if (length == 0) return new FileBytes(path, []);
        var mapping = MemoryMappedFile.CreateFromFile(
            stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        return new FileBytes(path, length, mapping);
    }

    /// <summary>Bytes that never were in a file, under a name for messages.</summary>
    public static FileBytes Copy(string path, ReadOnlySpan<byte> content) => new(path, content);

    /// <summary>A part of the file.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Number of bytes.</param>
    /// <param name="what">What is read there, for the message when the file ends before it.</param>
    /// <exception cref="FileFormatException">The part is not wholly inside the file.</exception>
    public ReadOnlySpan<byte> Slice(long offset, long length, string what)
    {
        if (offset < 0 || length < 0 || length > Length - offset)
            throw Error(Math.Clamp(offset, 0, Length), $"the file ends before {what} does ({length} bytes at {offset} "
                + $"of {Length})");
        if (length > int.MaxValue) throw Error(offset, $"{what} is too long ({length} bytes)");
        return new ReadOnlySpan<byte>(start + offset, (int)length);
    }

    /// <summary>A storage over a part of the file, one more owner of the mapping.</summary>
    public Storage Storage(long offset, long bytes)
    {
        if (offset < 0 || bytes < 0 || bytes > Length - offset)
            throw new ArgumentOutOfRangeException(nameof(offset), offset, "outside the file");
        Interlocked.Increment(ref owners);
        return new Storage(Device.Cpu, (nint)(start + offset), bytes, this, readOnly: true);
    }

    /// <summary>Lets the system take the pages of a part back: the next reader fetches them from the file
    /// again.</summary>
    public void Release(nint address, long bytes)
    {
        if (accessor is not null) MappedPages.Release(address, bytes);
    }

    /// <summary>The one error a bad file gives.</summary>
    public FileFormatException Error(long offset, string problem, Exception? inner = null) =>
        new(Path, offset, problem, inner);

    /// <summary>Ends one owner's hold.</summary>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref owners) != 0) return;
        Free();
        GC.SuppressFinalize(this);
    }

    // Forgotten objects are finalised in any order: this one may come before a tensor over it.
    private void Free()
    {
        if (Interlocked.Exchange(ref freed, 1) != 0) return;
        if (accessor is null)
        {
            NativeMemory.Free(start);
            return;
        }
        accessor.SafeMemoryMappedViewHandle.ReleasePointer();
        accessor.Dispose();
        mapping!.Dispose();
    }
}
