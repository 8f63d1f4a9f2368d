using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Diffract.Kernels;

/// <summary>Transposes squares of 8 x 8 floats.</summary>
internal static unsafe class Transpose8
{
    /// <summary>Reads eight rows of eight and writes the eight columns as rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(float* from, nint strideFrom, float* to, nint strideTo)
    {
        if (Avx.IsSupported) InRegisters(from, strideFrom, to, strideTo);
        else
        {
            Square(from, strideFrom, to, strideTo);
            Square(from + 4, strideFrom, to + 4 * strideTo, strideTo);
            Square(from + 4 * strideFrom, strideFrom, to + 4, strideTo);
            Square(from + 4 * strideFrom + 4, strideFrom, to + 4 * strideTo + 4, strideTo);
        }
    }

    // Four rows of four with 128 bits: rows 0 and 2, and 1 and 3, are shuffled into each other, and then both results.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Square(float* from, nint strideFrom, float* to, nint strideTo)
    {
        var (r0, r1) = (Vector128.Load(from), Vector128.Load(from + strideFrom));
        var (r2, r3) = (Vector128.Load(from + 2 * strideFrom), Vector128.Load(from + 3 * strideFrom));
        var (even, odd) = (Lower(r0, r2), Lower(r1, r3));
        Lower(even, odd).Store(to);
        Upper(even, odd).Store(to + strideTo);
        (even, odd) = (Upper(r0, r2), Upper(r1, r3));
        Lower(even, odd).Store(to + 2 * strideTo);
        Upper(even, odd).Store(to + 3 * strideTo);
    }

    // a0 b0 a1 b1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Lower(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackLow(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
        : Vector128.Create(a[0], b[0], a[1], b[1]);

    // a2 b2 a3 b3.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Upper(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackHigh(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
        : Vector128.Create(a[2], b[2], a[3], b[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InRegisters(float* from, nint strideFrom, float* to, nint strideTo)
    {
        var (a0, a1, a2, a3) = Quad(from, strideFrom);
        var (b0, b1, b2, b3) = Quad(from + 4 * strideFrom, strideFrom);
        // Columns 0-3 are in the lower halves, 4-7 in the upper: rows 0-3 of each came from a, rows 4-7 from b.
        Avx.Permute2x128(a0, b0, 0x20).Store(to);
        Avx.Permute2x128(a1, b1, 0x20).Store(to + strideTo);
        Avx.Permute2x128(a2, b2, 0x20).Store(to + 2 * strideTo);
        Avx.Permute2x128(a3, b3, 0x20).Store(to + 3 * strideTo);
        Avx.Permute2x128(a0, b0, 0x31).Store(to + 4 * strideTo);
        Avx.Permute2x128(a1, b1, 0x31).Store(to + 5 * strideTo);
        Avx.Permute2x128(a2, b2, 0x31).Store(to + 6 * strideTo);
        Avx.Permute2x128(a3, b3, 0x31).Store(to + 7 * strideTo);
    }

    // Four rows of eight: in both halves the 4 x 4 square is transposed.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float>, Vector256<float>, Vector256<float>, Vector256<float>) Quad(
        float* from, nint stride)
    {
        var r0 = Vector256.Load(from);
        var r1 = Vector256.Load(from + stride);
        var r2 = Vector256.Load(from + 2 * stride);
        var r3 = Vector256.Load(from + 3 * stride);
        var low01 = Avx.UnpackLow(r0, r1);
        var low23 = Avx.UnpackLow(r2, r3);
        var high01 = Avx.UnpackHigh(r0, r1);
        var high23 = Avx.UnpackHigh(r2, r3);
        return (Avx.Shuffle(low01, low23, 0x44), Avx.Shuffle(low01, low23, 0xEE),
            Avx.Shuffle(high01, high23, 0x44), Avx.Shuffle(high01, high23, 0xEE));
    }
}
