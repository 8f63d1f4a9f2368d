namespace Diffract.Kernels;

/// <summary>How a lane is read from memory and written to it.</summary>
/// <typeparam name="TSelf">The implementing lane.</typeparam>
/// <typeparam name="TElement">What memory holds.</typeparam>
public unsafe interface ILaneMemory<TSelf, TElement>
    where TSelf : unmanaged, ILaneMemory<TSelf, TElement>
    where TElement : unmanaged
{
    /// <summary>Elements in a lane.</summary>
    static abstract int Width { get; }

    /// <summary>Reads <see cref="Width"/> elements; no alignment is needed.</summary>
    static abstract TSelf Load(TElement* source);

    /// <summary>Reads one element into every place.</summary>
    static abstract TSelf Repeat(TElement* source);

    /// <summary>Writes <see cref="Width"/> elements; no alignment is needed.</summary>
    static abstract void Store(TElement* target, TSelf value);
}
