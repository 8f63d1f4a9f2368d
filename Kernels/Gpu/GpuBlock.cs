using System.Runtime.CompilerServices;
using ILGPU;

namespace Diffract.Kernels;

/// <summary>What the threads of a block do together, in an order that does not depend on when they come.</summary>
internal static class GpuBlock
{
    /// <summary>Threads of a block that adds up with <see cref="Sum(double)"/>: eight warps.</summary>
    public const int Threads = 256;

    private const int Warps = Threads / 32;

    /// <summary>The sum of all threads' numbers, in every thread: halves within a warp, then warp after warp. All 256
    /// threads must come.</summary>
    public static double Sum(double value)
    {
        value = WarpSum(value);
        var sums = SharedMemory.Allocate<double>(Warps);
        if (Group.IdxX % 32 == 0) sums[Group.IdxX / 32] = value;
        Group.Barrier();
        var sum = sums[0];
        for (var w = 1; w < Warps; w++) sum += sums[w];
        // The next call writes where this one reads.
        Group.Barrier();
        return sum;
    }

    /// <summary>The largest of all threads' numbers, in every thread.</summary>
    public static float Max(float value)
    {
        for (var by = 16; by > 0; by >>= 1)
        {
            var other = Warp.ShuffleXor(value, by);
            value = other > value ? other : value;
        }
        var largest = SharedMemory.Allocate<float>(Warps);
        if (Group.IdxX % 32 == 0) largest[Group.IdxX / 32] = value;
        Group.Barrier();
        var max = largest[0];
        for (var w = 1; w < Warps; w++) max = largest[w] > max ? largest[w] : max;
        Group.Barrier();
        return max;
    }

    /// <summary>The sum of a warp's numbers, in every lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double WarpSum(double value)
    {
        for (var by = 16; by > 0; by >>= 1) value += Warp.ShuffleXor(value, by);
        return value;
    }

    /// <inheritdoc cref="WarpSum(double)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float WarpSum(float value)
    {
        for (var by = 16; by > 0; by >>= 1) value += Warp.ShuffleXor(value, by);
        return value;
    }
}
