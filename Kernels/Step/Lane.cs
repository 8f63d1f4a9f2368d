using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>Handles the last few elements of an update by a full-width step on a copy, so that its formula is written
/// once and gives every element the same bits wherever it lies.</summary>
internal static unsafe class Lane
{
    /// <summary>Elements of one step.</summary>
    public static int Width => Vector256<float>.Count;

    /// <summary>Copies fewer than <see cref="Width"/> elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(float* from, float* to, int count)
    {
        for (var i = 0; i < count; i++) to[i] = from[i];
    }
}
