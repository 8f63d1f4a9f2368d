namespace Diffract.Kernels;

/// <summary>What a register of a thread holds.</summary>
internal enum PtxNumber
{
    /// <summary>True or false: what guards an instruction.</summary>
    Predicate,

    /// <summary>16 bits of any kind: a short float.</summary>
    B16,

    /// <summary>32 bits of any kind: two short floats, or one TF32 number.</summary>
    B32,

    /// <summary>A 32-bit integer without sign.</summary>
    U32,

    /// <summary>A 32-bit integer.</summary>
    S32,

    /// <summary>64 bits of any kind: a descriptor.</summary>
    B64,

    /// <summary>A 64-bit integer without sign: an address.</summary>
    U64,

    /// <summary>A 64-bit integer.</summary>
    S64,

    /// <summary>A float.</summary>
    F32,

    /// <summary>A double.</summary>
    F64,
}

/// <summary>Facts about what registers hold.</summary>
internal static class PtxNumbers
{
    /// <summary>Its name at the end of an instruction's: <c>u32</c>.</summary>
    public static string Name(this PtxNumber number) => number switch
    {
        PtxNumber.Predicate => "pred",
        PtxNumber.B16 => "b16",
        PtxNumber.B32 => "b32",
        PtxNumber.U32 => "u32",
        PtxNumber.S32 => "s32",
        PtxNumber.B64 => "b64",
        PtxNumber.U64 => "u64",
        PtxNumber.S64 => "s64",
        PtxNumber.F32 => "f32",
        _ => "f64",
    };

    /// <summary>Its bits; 1 for a predicate.</summary>
    public static int Bits(this PtxNumber number) => number switch
    {
        PtxNumber.Predicate => 1,
        PtxNumber.B16 => 16,
        PtxNumber.B32 or PtxNumber.U32 or PtxNumber.S32 or PtxNumber.F32 => 32,
        _ => 64,
    };

    /// <summary>True for floats and doubles.</summary>
    public static bool IsFloat(this PtxNumber number) => number is PtxNumber.F32 or PtxNumber.F64;

    /// <summary>True for integers with a sign.</summary>
    public static bool IsSigned(this PtxNumber number) => number is PtxNumber.S32 or PtxNumber.S64;

    /// <summary>First letters of such registers' names.</summary>
    internal static string Prefix(this PtxNumber number) => number switch
    {
        PtxNumber.Predicate => "%p",
        PtxNumber.B16 => "%h",
        PtxNumber.F32 => "%f",
        PtxNumber.F64 => "%d",
        _ => number.Bits() == 32 ? "%r" : "%l",
    };

    /// <summary>The type that such registers are declared with.</summary>
    internal static string Declared(this PtxNumber number) =>
        number == PtxNumber.Predicate ? "pred" : number.IsFloat() ? number.Name() : $"b{number.Bits()}";

    /// <summary>What a parameter of a type is read as.</summary>
    /// <exception cref="NotSupportedException">No register holds it.</exception>
    internal static PtxNumber Of(Type type) => type == typeof(int) ? PtxNumber.S32
        : type == typeof(uint) ? PtxNumber.U32
        : type == typeof(long) ? PtxNumber.S64
        : type == typeof(ulong) || type == typeof(nint) ? PtxNumber.U64
        : type == typeof(float) ? PtxNumber.F32
        : type == typeof(double) ? PtxNumber.F64
        : throw new NotSupportedException($"no register holds a {type.Name}");
}
