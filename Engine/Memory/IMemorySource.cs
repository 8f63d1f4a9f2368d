using System.Runtime.InteropServices;

namespace Diffract.Engine;

/// <summary>Where a pool's memory comes from.</summary>
internal interface IMemorySource
{
    /// <summary>The device's name in messages.</summary>
    string Name { get; }

    /// <summary>What addresses and lengths are multiples of, bytes; a power of two, at least 64.</summary>
    int Alignment { get; }

    /// <summary>True when small blocks are cut from larger pieces, because each request costs much.</summary>
    bool CutsSmall { get; }

    /// <summary>Memory from the system; 0 when it has no more.</summary>
    nint Allocate(long bytes);

    /// <summary>Returns memory to the system.</summary>
    void Free(nint address);

    /// <summary>What else there is to say when there is no more; nothing for most.</summary>
    string Describe();
}

/// <summary>The process's own memory.</summary>
internal sealed unsafe class NativeSource : IMemorySource
{
    /// <inheritdoc/>
    public string Name => "cpu";

    /// <inheritdoc/>
    public int Alignment => 64;

    /// <inheritdoc/>
    public bool CutsSmall => false;

    /// <inheritdoc/>
    public nint Allocate(long bytes)
    {
        try
        {
            return (nint)NativeMemory.AlignedAlloc((nuint)bytes, (nuint)Alignment);
        }
        catch (OutOfMemoryException)
        {
            return 0;
        }
    }

    /// <inheritdoc/>
    public void Free(nint address) => NativeMemory.AlignedFree((void*)address);

    /// <inheritdoc/>
    public string Describe() => "";
}
