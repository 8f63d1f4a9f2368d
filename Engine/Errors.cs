namespace Diffract.Engine;

/// <summary>Base of the errors this library raises on purpose: the message says what was expected, what was found and
/// what to do.</summary>
public class DiffractException : Exception
{
    /// <summary>An error with a message for a person.</summary>
    public DiffractException(string message, Exception? inner = null) : base(message, inner) { }
}

/// <summary>Shapes that do not fit an operation.</summary>
public sealed class ShapeException(string message) : DiffractException(message);

/// <summary>Element types that do not fit an operation.</summary>
public sealed class DTypeException(string message) : DiffractException(message);

/// <summary>Tensors of different devices met, or a device lacks a kernel.</summary>
public sealed class DeviceException(string message, Exception? inner = null) : DiffractException(message, inner);

/// <summary>Memory ran out, after trimming the pool and collecting what the program had forgotten.</summary>
public sealed class OutOfDeviceMemoryException(string message) : DiffractException(message);

/// <summary>A file that is truncated, corrupt, hostile or of another kind.</summary>
public sealed class FileFormatException : DiffractException
{
    /// <summary>Describes the fault at <paramref name="offset"/> of <paramref name="path"/>.</summary>
    /// <param name="path">The file, as the caller named it.</param>
    /// <param name="offset">Byte offset of the first byte that cannot be right.</param>
    /// <param name="problem">What is wrong, in one sentence without a full stop.</param>
    /// <param name="inner">The exception this one explains, if any.</param>
    public FileFormatException(string path, long offset, string problem, Exception? inner = null)
        : base($"{path}: byte {offset}: {problem}", inner)
    {
        Path = path;
        Offset = offset;
    }

    /// <summary>The file, as the caller named it.</summary>
    public string Path { get; }

    /// <summary>Byte offset of the first byte that cannot be right.</summary>
    public long Offset { get; }
}
