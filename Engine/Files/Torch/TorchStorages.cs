namespace Diffract.Engine;

/// <summary>PyTorch's storage classes: how a pickle names an element type.</summary>
internal static class TorchStorages
{
    /// <summary>The class of the module <c>torch</c> that holds elements of a type.</summary>
    public static string Of(DType dtype) => dtype switch
    {
        DType.Float64 => "DoubleStorage",
        DType.Float32 => "FloatStorage",
        DType.Float16 => "HalfStorage",
        DType.BFloat16 => "BFloat16Storage",
        DType.Int64 => "LongStorage",
        DType.Int32 => "IntStorage",
        DType.UInt8 => "ByteStorage",
        DType.Bool => "BoolStorage",
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "unknown dtype"),
    };

    /// <summary>The element type of a storage class; null for a class that is not allowed. An untyped storage is of
    /// bytes.</summary>
    public static DType? Parse(string module, string name) => (module, name) switch
    {
        ("torch" or "torch.storage", "UntypedStorage") => DType.UInt8,
        ("torch" or "torch.cuda", "DoubleStorage") => DType.Float64,
        ("torch" or "torch.cuda", "FloatStorage") => DType.Float32,
        ("torch" or "torch.cuda", "HalfStorage") => DType.Float16,
        ("torch" or "torch.cuda", "BFloat16Storage") => DType.BFloat16,
        ("torch" or "torch.cuda", "LongStorage") => DType.Int64,
        ("torch" or "torch.cuda", "IntStorage") => DType.Int32,
        ("torch" or "torch.cuda", "ByteStorage") => DType.UInt8,
        ("torch" or "torch.cuda", "BoolStorage") => DType.Bool,
        _ => null,
    };
}
