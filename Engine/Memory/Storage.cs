namespace Diffract.Engine;

/// <summary>A block of device memory that tensors share. It goes back to its pool when the last tensor over it is
/// released.</summary>
public sealed class Storage
{
    private readonly long capacity;
    private readonly IDisposable? owner;
    private int references;
    private IDisposable[] companions = [];

    internal Storage(Device device, nint address, long bytes, long capacity)
    {
        (Device, Address, Bytes) = (device, address, bytes);
        this.capacity = capacity;
    }

    /// <summary>Memory that somebody else owns, such as a mapped file; <paramref name="owner"/> is disposed with the
    /// last tensor over it.</summary>
    internal Storage(Device device, nint address, long bytes, IDisposable owner, bool readOnly)
    {
        (Device, Address, Bytes, IsReadOnly) = (device, address, bytes, readOnly);
        this.owner = owner;
    }

    /// <summary>The device the memory belongs to.</summary>
    public Device Device { get; }

    /// <summary>Bytes that may be used.</summary>
    public long Bytes { get; }

    /// <summary>True for memory that must not be written, such as a mapped file.</summary>
    public bool IsReadOnly { get; }

    /// <summary>Rises with every in-place change, so that whoever remembers the content notices.</summary>
    public int Version { get; private set; }

    /// <summary>True for a copy that is made for one call: what is derived from it is not worth keeping.</summary>
    internal bool IsTransient { get; set; }

    internal nint Address { get; }

    /// <summary>True when exactly one tensor refers to this memory, so that nobody sees an in-place change.</summary>
    internal bool IsExclusive => Volatile.Read(ref references) == 1;

    internal void MarkChanged() => Version++;

    /// <summary>Says that the content was copied into a form that will be used in its place. The pages of a mapped file
    /// stop to count as this process's memory until somebody reads them again; nothing happens to other
    /// memory.</summary>
    public void ReleasePages() => (owner as FileBytes)?.Release(Address, Bytes);

    internal void AddReference() => Interlocked.Increment(ref references);

    /// <summary>What was calculated from the content to use it faster (packed weights, say), or null: one of each type.
    /// It is disposed with the memory.</summary>
    internal T? Companion<T>() where T : class, IDisposable => Find<T>(Volatile.Read(ref companions));

    /// <summary>The companion of a type, made when there is none; threads that come at once get the same.</summary>
    internal T CompanionOrNew<T>() where T : class, IDisposable, new()
    {
        if (Companion<T>() is { } there) return there;
        var made = new T();
        while (true)
        {
            var before = Volatile.Read(ref companions);
            if (Find<T>(before) is { } found) return found;
            if (Interlocked.CompareExchange(ref companions, [.. before, made], before) == before) return made;
        }
    }

    internal void Release()
    {
        if (Interlocked.Decrement(ref references) != 0) return;
        foreach (var companion in companions) companion.Dispose();
        if (owner is null) Device.Free(Address, capacity);
        else owner.Dispose();
    }

    private static T? Find<T>(IDisposable[] companions) where T : class
    {
        foreach (var companion in companions) if (companion is T found) return found;
        return null;
    }
}
