using System.Runtime.InteropServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Where the stretches of many arrays lie in a GPU's memory, so that one launch does the work of all: a block
/// has a stretch. It is built, and travels to the device, only when an array has moved since the last time.</summary>
public sealed unsafe class StretchTable : IDisposable
{
    /// <summary>Elements of a stretch, but for the last one of an array.</summary>
    internal const int Length = 1 << 13;

    private (nint A, nint B, nint C, nint D, long Count)[] known = [];
    private Storage? memory;

    /// <summary>Stretches of all arrays.</summary>
    internal int Count { get; private set; }

    /// <summary>Sets of arrays.</summary>
    internal int Sets => known.Length;

    /// <summary>The stretches, set by set.</summary>
    internal Stretch* Stretches => (Stretch*)memory!.Address;

    /// <summary>The first stretch of every set, and the end of the last.</summary>
    internal long* Firsts => (long*)(Stretches + Count);

    /// <summary>Makes the table that of some sets of arrays. An array's address is a multiple of 4.</summary>
    /// <param name="device">Where they are.</param>
    /// <param name="sets">The sets.</param>
    /// <param name="arrays">Up to four arrays of float32 in a set, equally long where they exist.</param>
    internal void Fill<TArgs>(GpuDevice device, TArgs[] sets, Func<TArgs, (View A, View B, View C, View D)> arrays)
    {
        var wanted = new (nint A, nint B, nint C, nint D, long Count)[sets.Length];
        for (var i = 0; i < sets.Length; i++)
        {
            var (a, b, c, d) = arrays(sets[i]);
            wanted[i] = (a.Address, b.Address, c.Address, d.Address, a.Count);
        }
        if (memory?.Device == device && wanted.AsSpan().SequenceEqual(known)) return;
        Dispose();
        var (stretches, firsts) = (new List<Stretch>(), new long[wanted.Length + 1]);
        for (var i = 0; i < wanted.Length; i++)
        {
            var set = wanted[i];
            for (long from = 0; from < set.Count || from == 0; from += Length)
                stretches.Add(new(Place(set.A, from), Place(set.B, from), Place(set.C, from), Place(set.D, from),
                    Math.Min(Length, set.Count - from)));
            firsts[i + 1] = stretches.Count;
        }
        (Count, known) = (stretches.Count, wanted);
        memory = device.Allocate((long)Count * sizeof(Stretch) + firsts.Length * sizeof(long));
        memory.AddReference();
        Transfer.Upload(device, (nint)Stretches, (ReadOnlySpan<Stretch>)CollectionsMarshal.AsSpan(stretches));
        Transfer.Upload(device, (nint)Firsts, (ReadOnlySpan<long>)firsts);
    }

    /// <summary>The arguments that every kernel over a table begins with: the stretches, and all memory as floats.
    /// </summary>
    internal GpuArguments Arguments() => new GpuArguments().Put(Stretches, Count).Put((float*)null, long.MaxValue);

    /// <summary>Releases the device's memory.</summary>
    public void Dispose()
    {
        memory?.Release();
        (memory, known, Count) = (null, [], 0);
    }

    // Counted in floats from address 0.
    private static long Place(nint address, long from) => address / sizeof(float) + from;
}

/// <summary>Where a stretch begins in each of up to four arrays, counted in floats from address 0.</summary>
/// <param name="A">In the first array.</param>
/// <param name="B">In the second.</param>
/// <param name="C">In the third.</param>
/// <param name="D">In the fourth.</param>
/// <param name="Count">Elements.</param>
internal readonly record struct Stretch(long A, long B, long C, long D, long Count);
