namespace Diffract.Engine;

/// <summary>The names of element types in safetensors headers.</summary>
internal static class SafetensorsNames
{
    /// <summary>All that can be read, the most frequent first.</summary>
    public static IReadOnlyList<DType> All { get; } = [DType.Float32, DType.Float16, DType.BFloat16, DType.Float64,
        DType.Int64, DType.Int32, DType.UInt8, DType.Bool];

    public static string Of(DType dtype) => dtype switch
    {
        DType.Float64 => "F64",
        DType.Float32 => "F32",
        DType.Float16 => "F16",
        DType.BFloat16 => "BF16",
        DType.Int64 => "I64",
        DType.Int32 => "I32",
        DType.UInt8 => "U8",
        DType.Bool => "BOOL",
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "unknown dtype"),
    };
}
