namespace Diffract.Engine.Sim;

/// <summary>What the bits of a register or of memory mean to an instruction.</summary>
internal enum PtxKind
{
    Predicate,
    Bits,
    Unsigned,
    Signed,
    Float,
    BFloat,
}

/// <summary>The type at the end of an instruction's name: <c>.s32</c>, <c>.f16x2</c>.</summary>
/// <param name="Kind">What the bits mean.</param>
/// <param name="Bits">Bits of one number.</param>
/// <param name="Count">Numbers packed into one register.</param>
internal readonly record struct PtxType(PtxKind Kind, int Bits, int Count = 1)
{
    private static readonly Dictionary<string, PtxType> Names = Table();

    /// <summary>Bytes of one register's worth.</summary>
    public int Bytes => Bits * Count / 8;

    /// <summary>True for signed integers.</summary>
    public bool IsSigned => Kind == PtxKind.Signed;

    /// <summary>True for numbers with a fraction.</summary>
    public bool IsFloat => Kind is PtxKind.Float or PtxKind.BFloat;

    /// <summary>True where <paramref name="text"/> (without its dot) names a type.</summary>
    public static bool TryParse(string text, out PtxType type) => Names.TryGetValue(text, out type);

    /// <summary>The lowest bits of <paramref name="value"/> that the type has.</summary>
    public ulong Cut(ulong value) => Bits * Count >= 64 ? value : value & ((1UL << (Bits * Count)) - 1);

    /// <summary>The value as an integer, its sign spread over 64 bits where the type has one.</summary>
    public long Integer(ulong value)
    {
        var shift = 64 - Bits;
        return IsSigned ? (long)(value << shift) >> shift : (long)Cut(value);
    }

    private static Dictionary<string, PtxType> Table()
    {
        var names = new Dictionary<string, PtxType>
        {
            ["pred"] = new(PtxKind.Predicate, 1),
            ["f16"] = new(PtxKind.Float, 16),
            ["f32"] = new(PtxKind.Float, 32),
            ["f64"] = new(PtxKind.Float, 64),
            ["f16x2"] = new(PtxKind.Float, 16, 2),
            ["bf16"] = new(PtxKind.BFloat, 16),
            ["bf16x2"] = new(PtxKind.BFloat, 16, 2),
            // A float whose lowest 13 bits a matrix instruction does not see.
            ["tf32"] = new(PtxKind.Float, 32),
            ["b128"] = new(PtxKind.Bits, 128),
        };
        foreach (var bits in new[] { 8, 16, 32, 64 })
        {
            names[$"b{bits}"] = new(PtxKind.Bits, bits);
            names[$"u{bits}"] = new(PtxKind.Unsigned, bits);
            names[$"s{bits}"] = new(PtxKind.Signed, bits);
        }
        return names;
    }
}
