using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Tests.Kernels.Gpu.Mma;

namespace Diffract.Tests.Kernels.Gpu.Hopper;

/// <summary>Products by warpgroups on a simulated device, and what they should be, in double precision.</summary>
internal sealed class HopperLab(GpuDevice device, MmaNumbers numbers)
{
    private readonly List<Storage> blocks = [];

    /// <summary>The type of the operands.</summary>
    public DType Half => numbers == MmaNumbers.Float16 ? DType.Float16 : DType.BFloat16;

    /// <summary>Numbers between -1 and 1 that the operands' type can hold.</summary>
    public double[] Random(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Decoded(Half, Encoded(Half, 2 * random.NextDouble() - 1)))];
    }

    /// <summary>Numbers on the device.</summary>
    public View Put(double[] values, DType type)
    {
        var storage = device.Allocate(values.Length * type.Size());
        storage.AddReference();
        blocks.Add(storage);
        var (bytes, size) = (new byte[values.Length * type.Size()], type.Size());
        for (var i = 0; i < values.Length; i++)
            BitConverter.GetBytes(Encoded(type, values[i])).AsSpan(0, size).CopyTo(bytes.AsSpan(i * size));
        device.Upload(storage.Address, bytes);
        return new View(storage.Address, values.Length, type);
    }

    /// <summary>Numbers on the host.</summary>
    public double[] Get(View view)
    {
        var (bytes, size) = (new byte[view.Count * view.DType.Size()], view.DType.Size());
        device.Download(view.Address, bytes);
        return [.. Enumerable.Range(0, (int)view.Count).Select(i => Decoded(view.DType,
            size == 4 ? BitConverter.ToUInt32(bytes, 4 * i) : BitConverter.ToUInt16(bytes, 2 * i)))];
    }

    /// <summary>Where a result is further from the exact one than sums in float32 make it; null for nowhere.</summary>
    /// <param name="found">The result.</param>
    /// <param name="depth">Length of the sums.</param>
    /// <param name="exact">For every element the sum, and the sum of the magnitudes.</param>
    public string? Difference(View found, int depth, Func<int, (double Sum, double Magnitude)> exact)
    {
        var values = Get(found);
        for (var i = 0; i < values.Length; i++)
        {
            var (sum, magnitude) = exact(i);
            var allowed = MmaLab.Tolerance(numbers, found.DType, depth, magnitude, sum);
            if (!(Math.Abs(values[i] - sum) <= allowed))
                return $"element {i}: found {values[i]:g9}, expected {sum:g9}, off by "
                    + $"{Math.Abs(values[i] - sum):g3} where {allowed:g3} is allowed";
        }
        return null;
    }

    /// <summary>Gives the memory back.</summary>
    public void Clear()
    {
        foreach (var block in blocks) block.Release();
        blocks.Clear();
    }

    private static uint Encoded(DType type, double value) => type switch
    {
        DType.Float16 => BitConverter.HalfToUInt16Bits((Half)value),
        // Cut, not rounded: any number will do.
        DType.BFloat16 => BitConverter.SingleToUInt32Bits((float)value) >> 16,
        _ => BitConverter.SingleToUInt32Bits((float)value),
    };

    private static double Decoded(DType type, uint bits) => type switch
    {
        DType.Float16 => (double)BitConverter.UInt16BitsToHalf((ushort)bits),
        DType.BFloat16 => BitConverter.UInt32BitsToSingle(bits << 16),
        _ => BitConverter.UInt32BitsToSingle(bits),
    };
}
