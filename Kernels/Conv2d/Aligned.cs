using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>Vectors on the stack, whose memory is aligned to 16 bytes only: every second access would cross two cache
/// lines.</summary>
internal static unsafe class Aligned
{
    /// <summary>The first aligned vector of a block that has one to spare.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float>* Up(Vector256<float>* memory) =>
        (Vector256<float>*)(((nint)memory + 31) & ~(nint)31);
}
