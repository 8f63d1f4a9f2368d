namespace Diffract.Engine;

/// <summary>What the elements of a tensor map are, numbered as the driver numbers them
/// (<c>CUtensorMapDataType</c>).</summary>
internal enum TensorMapElement
{
    UInt8 = 0,
    Int32 = 3,
    Int64 = 5,
    Float16 = 6,
    Float32 = 7,
    Float64 = 8,
    BFloat16 = 9,

    /// <summary>A float32 that matrix units read as TF32.</summary>
    TFloat32 = 11,
}

/// <summary>How the 16-byte pieces of a box are exchanged in shared memory, so that the pieces of a column lie in
/// different banks; numbered as the driver numbers them (<c>CUtensorMapSwizzle</c>).</summary>
internal enum TensorMapSwizzle
{
    None,
    Span32,
    Span64,
    Span128,
}

/// <summary>How much a copy brings into the L2 cache at least (<c>CUtensorMapL2promotion</c>).</summary>
internal enum TensorMapPromotion
{
    None,
    Bytes64,
    Bytes128,
    Bytes256,
}

/// <summary>A tensor in a GPU's memory that blocks copy boxes of, into shared memory or out of it, with
/// <c>cp.async.bulk.tensor</c>. The order of axes is the hardware's: the innermost, contiguous one first. A device
/// encodes it into the 128 bytes that the instruction takes (<see cref="GpuDevice.Encode"/>); what NVIDIA's driver asks
/// of <c>cuTensorMapEncodeTiled</c>'s arguments is checked here, where it can be said what is wrong.</summary>
internal sealed class TensorMap
{
    /// <summary>Bytes of an encoded map; it must lie at a multiple of <see cref="Alignment"/>.</summary>
    public const int Bytes = 128;

    /// <summary>An encoded map's address is a multiple of this.</summary>
    public const int Alignment = 64;

    private const int MostAxes = 5;

    /// <summary>A map of a tensor.</summary>
    /// <param name="element">What its elements are.</param>
    /// <param name="address">Its first element; a multiple of 16.</param>
    /// <param name="sizes">Elements along every axis, innermost first; 1 to 5 axes.</param>
    /// <param name="strides">Bytes between neighbours along every axis but the innermost; multiples of 16.</param>
    /// <param name="box">Elements along every axis that a copy spans, at most 256.</param>
    /// <param name="steps">A copy takes every so manieth element of the box; null for all.</param>
    /// <param name="swizzle">How pieces are exchanged in shared memory.</param>
    /// <param name="promotion">What the L2 cache takes.</param>
    /// <param name="fillsNaN">True when elements outside the tensor are read as NaN; otherwise as 0.</param>
    /// <exception cref="ArgumentException">The driver would not take it.</exception>
    public TensorMap(
        TensorMapElement element, nint address, long[] sizes, long[] strides, int[] box, int[]? steps = null,
        TensorMapSwizzle swizzle = TensorMapSwizzle.None, TensorMapPromotion promotion = TensorMapPromotion.None,
        bool fillsNaN = false)
    {
        (Element, Address, Swizzle, Promotion, FillsNaN) = (element, address, swizzle, promotion, fillsNaN);
        steps ??= [.. Enumerable.Repeat(1, sizes.Length)];
        Need(sizes.Length is >= 1 and <= MostAxes, $"a tensor map has 1 to {MostAxes} axes, not {sizes.Length}");
        Need(strides.Length == sizes.Length - 1, $"{sizes.Length} axes have {sizes.Length - 1} strides, not "
            + $"{strides.Length}: the innermost axis is contiguous");
        Need(box.Length == sizes.Length && steps.Length == sizes.Length,
            $"{sizes.Length} axes, {box.Length} box sizes, {steps.Length} steps");
        Need(address % 16 == 0, $"the tensor's address {address:x} is no multiple of 16");
        for (var i = 0; i < sizes.Length; i++)
        {
            Need(sizes[i] is >= 1 and <= 1L << 32, $"axis {i} has {sizes[i]} elements; allowed are 1 to 2^32");
            Need(box[i] is >= 1 and <= 256, $"the box has {box[i]} elements along axis {i}; allowed are 1 to 256");
            Need(steps[i] is >= 1 and <= 8, $"the step along axis {i} is {steps[i]}; allowed are 1 to 8");
        }
        Need(steps[0] == 1, $"the step along the innermost axis is {steps[0]}; the hardware takes all its elements");
        for (var i = 0; i < strides.Length; i++)
            Need(strides[i] % 16 == 0 && strides[i] is >= 0 and < 1L << 40,
                $"the stride of axis {i + 1} is {strides[i]} bytes; allowed are multiples of 16 below 2^40");
        (Sizes, Strides, Box, Steps) = ([.. sizes], [.. strides], [.. box], [.. steps]);
        Need(RowBytes % 16 == 0, $"a row of the box has {RowBytes} bytes, which is no multiple of 16");
        Need(Span == 0 || RowBytes <= Span, $"a row of the box has {RowBytes} bytes; swizzled over {Span} bytes it may "
            + $"have {Span}");
        Need(!fillsNaN || element >= TensorMapElement.Float16, $"{element} has no NaN to fill with");
    }

    /// <summary>What the elements are.</summary>
    public TensorMapElement Element { get; }

    /// <summary>The first element's address.</summary>
    public nint Address { get; }

    /// <summary>Elements along every axis, innermost first.</summary>
    public IReadOnlyList<long> Sizes { get; }

    /// <summary>Bytes between neighbours along every axis but the innermost.</summary>
    public IReadOnlyList<long> Strides { get; }

    /// <summary>Elements along every axis that a copy spans.</summary>
    public IReadOnlyList<int> Box { get; }

    /// <summary>A copy takes every so manieth element of the box.</summary>
    public IReadOnlyList<int> Steps { get; }

    /// <summary>How pieces are exchanged in shared memory.</summary>
    public TensorMapSwizzle Swizzle { get; }

    /// <summary>What the L2 cache takes.</summary>
    public TensorMapPromotion Promotion { get; }

    /// <summary>True when elements outside the tensor are read as NaN.</summary>
    public bool FillsNaN { get; }

    /// <summary>Bytes of one element.</summary>
    public int ElementBytes => Element switch
    {
        TensorMapElement.UInt8 => 1,
        TensorMapElement.Float16 or TensorMapElement.BFloat16 => 2,
        TensorMapElement.Int64 or TensorMapElement.Float64 => 8,
        _ => 4,
    };

    /// <summary>Bytes that one copy writes: what a barrier is to expect.</summary>
    public int BoxBytes => Enumerable.Range(0, Box.Count).Aggregate(ElementBytes, (n, axis) => n * Taken(axis));

    /// <summary>Bytes of the box along the innermost axis.</summary>
    public int RowBytes => Box[0] * ElementBytes;

    /// <summary>Bytes over which pieces are exchanged; 0 for none.</summary>
    public int Span => Swizzle == TensorMapSwizzle.None ? 0 : 16 << (int)Swizzle;

    /// <summary>Elements along an axis that a copy takes.</summary>
    public int Taken(int axis) => (Box[axis] + Steps[axis] - 1) / Steps[axis];

    private static void Need(bool holds, string otherwise)
    {
        if (!holds) throw new ArgumentException("tensor map: " + otherwise);
    }
}
