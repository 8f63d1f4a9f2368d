using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>Where up to three arrays are read (or written) for the n-th element of a walk over at most eight axes, the
/// innermost first: the form in which a GPU's kernel takes a <see cref="Broadcast"/> or a <see cref="CopyPlan"/>. Its
/// fields have names because a GPU's registers have no index.</summary>
internal struct GpuWalk
{
    private Axis axis0, axis1, axis2, axis3, axis4, axis5, axis6, axis7;
    private int rank;

    /// <summary>Elements of the walk.</summary>
    public long Count { get; private set; }

    /// <summary>A walk in which the last array, if there is a third, has a length of its own.</summary>
    /// <param name="count">Elements of the walk.</param>
    /// <param name="rank">Number of axes.</param>
    /// <param name="axis">Length of an axis and every array's distance of neighbours along it.</param>
    public static GpuWalk Of(long count, int rank, Func<int, (long Length, long A, long B, long C)> axis)
    {
        var walk = new GpuWalk { Count = count, rank = rank };
        Axis At(int i) => i < rank && axis(i) is var (length, a, b, c)
            ? new() { Length = length, A = a, B = b, C = c } : new() { Length = 1 };
        (walk.axis0, walk.axis1, walk.axis2, walk.axis3) = (At(0), At(1), At(2), At(3));
        (walk.axis4, walk.axis5, walk.axis6, walk.axis7) = (At(4), At(5), At(6), At(7));
        return walk;
    }

    /// <summary>Where the arrays are at an element, in elements.</summary>
    public readonly void At(long element, out long a, out long b, out long c)
    {
        a = b = c = 0;
        if (rank > 0) Step(axis0, ref element, ref a, ref b, ref c);
        if (rank > 1) Step(axis1, ref element, ref a, ref b, ref c);
        if (rank > 2) Step(axis2, ref element, ref a, ref b, ref c);
        if (rank > 3) Step(axis3, ref element, ref a, ref b, ref c);
        if (rank > 4) Step(axis4, ref element, ref a, ref b, ref c);
        if (rank > 5) Step(axis5, ref element, ref a, ref b, ref c);
        if (rank > 6) Step(axis6, ref element, ref a, ref b, ref c);
        if (rank > 7) Step(axis7, ref element, ref a, ref b, ref c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(Axis axis, ref long element, ref long a, ref long b, ref long c)
    {
        var rest = element / axis.Length;
        var index = element - rest * axis.Length;
        a += index * axis.A;
        b += index * axis.B;
        c += index * axis.C;
        element = rest;
    }

    private struct Axis
    {
        public long Length, A, B, C;
    }
}
