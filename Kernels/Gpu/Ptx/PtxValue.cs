using System.Globalization;

namespace Diffract.Kernels;

/// <summary>A number of a generated kernel's thread: a register, or a constant. Arithmetic on it writes instructions;
/// in an instruction's text it stands as its register's name.
/// <code>
/// var address = shared + row * 64 + (chunk ^ (row >> 1 &amp; 3)) * 16;
/// k.Emit($"ldmatrix.sync.aligned.m8n8.x2.shared.b16 {{{a}, {b}}}, [{address}];");
/// </code>
/// A register that an operator returns is written once; <see cref="PtxWriter.Variable(PtxNumber)"/> makes others.</summary>
internal readonly struct PtxValue
{
    private readonly PtxWriter? writer;
    private readonly long constant;
    private readonly string? name;

    internal PtxValue(PtxWriter writer, string name, PtxNumber number) =>
        (this.writer, this.name, Number) = (writer, name, number);

    private PtxValue(long constant) => (this.constant, Number) = (constant, PtxNumber.S32);

    /// <summary>What it holds; a constant takes the type of what it meets.</summary>
    public PtxNumber Number { get; }

    private bool IsConstant => writer is null;

    private PtxWriter Writer => writer ?? throw new InvalidOperationException("a constant belongs to no kernel");

    /// <summary>A constant.</summary>
    public static implicit operator PtxValue(int constant) => new(constant);

    /// <inheritdoc cref="op_Implicit(int)"/>
    public static implicit operator PtxValue(long constant) => new(constant);

    /// <summary>The sum.</summary>
    public static PtxValue operator +(PtxValue a, PtxValue b) =>
        a.Is(0) ? b : b.Is(0) ? a : Fold(a, b, (x, y) => x + y) ?? Two("add", "add.rn", a, b);

    /// <summary>The difference.</summary>
    public static PtxValue operator -(PtxValue a, PtxValue b) =>
        b.Is(0) ? a : Fold(a, b, (x, y) => x - y) ?? Two("sub", "sub.rn", a, b);

    /// <summary>The product, as wide as its factors.</summary>
    public static PtxValue operator *(PtxValue a, PtxValue b) =>
        a.Is(1) ? b : b.Is(1) ? a : Fold(a, b, (x, y) => x * y) ?? Two("mul.lo", "mul.rn", a, b);

    /// <summary>The quotient; of integers, the whole part.</summary>
    public static PtxValue operator /(PtxValue a, PtxValue b) =>
        b.Is(1) ? a : Fold(a, b, (x, y) => x / y) ?? Two("div", "div.rn", a, b);

    /// <summary>The remainder.</summary>
    public static PtxValue operator %(PtxValue a, PtxValue b) => Fold(a, b, (x, y) => x % y) ?? Two("rem", "", a, b);

    /// <summary>The bits that both have.</summary>
    public static PtxValue operator &(PtxValue a, PtxValue b) => Fold(a, b, (x, y) => x & y) ?? Bits("and", a, b);

    /// <summary>The bits that one or both have.</summary>
    public static PtxValue operator |(PtxValue a, PtxValue b) => Fold(a, b, (x, y) => x | y) ?? Bits("or", a, b);

    /// <summary>The bits that one has.</summary>
    public static PtxValue operator ^(PtxValue a, PtxValue b) =>
        a.Is(0) ? b : b.Is(0) ? a : Fold(a, b, (x, y) => x ^ y) ?? Bits("xor", a, b);

    /// <summary>The opposite of a predicate.</summary>
    public static PtxValue operator !(PtxValue a) => a.Writer.Make(PtxNumber.Predicate, $"not.pred {{0}}, {a};");

    /// <summary>Shifted to the left.</summary>
    public static PtxValue operator <<(PtxValue a, int by) =>
        by == 0 ? a : a.IsConstant ? a.constant << by
            : a.Writer.Make(a.Number, $"shl.b{a.Number.Bits()} {{0}}, {a}, {by};");

    /// <summary>Shifted to the right; a sign spreads.</summary>
    public static PtxValue operator >>(PtxValue a, int by) =>
        by == 0 ? a : a.IsConstant ? a.constant >> by
            : a.Writer.Make(a.Number, $"shr.{a.Number.Name()} {{0}}, {a}, {by};");

    /// <summary>Shifted to the left by what another register holds.</summary>
    public static PtxValue operator <<(PtxValue a, PtxValue by) =>
        a.Writer.Make(a.Number, $"shl.b{a.Number.Bits()} {{0}}, {a}, {by};");

    /// <summary>Shifted to the right by what another register holds.</summary>
    public static PtxValue operator >>(PtxValue a, PtxValue by) =>
        a.Writer.Make(a.Number, $"shr.{a.Number.Name()} {{0}}, {a}, {by};");

    /// <summary>A predicate.</summary>
    public static PtxValue operator <(PtxValue a, PtxValue b) => Compare("lt", a, b);

    /// <inheritdoc cref="op_LessThan"/>
    public static PtxValue operator >(PtxValue a, PtxValue b) => Compare("gt", a, b);

    /// <inheritdoc cref="op_LessThan"/>
    public static PtxValue operator <=(PtxValue a, PtxValue b) => Compare("le", a, b);

    /// <inheritdoc cref="op_LessThan"/>
    public static PtxValue operator >=(PtxValue a, PtxValue b) => Compare("ge", a, b);

    /// <summary>A predicate: both are the same.</summary>
    public PtxValue EqualTo(PtxValue other) => Compare("eq", this, other);

    /// <summary>A predicate: they differ.</summary>
    public PtxValue UnequalTo(PtxValue other) => Compare("ne", this, other);

    /// <summary>One of two values, as this predicate says.</summary>
    public PtxValue Choose(PtxValue yes, PtxValue no)
    {
        var number = Common(yes, no);
        var type = number.IsFloat() ? number.Name() : $"b{number.Bits()}";
        return Writer.Make(number, $"selp.{type} {{0}}, {yes.As(number)}, {no.As(number)}, {this};");
    }

    /// <summary>The same bits, which from now on mean something else.</summary>
    public PtxValue Seen(PtxNumber number)
    {
        if (IsConstant || number.Bits() != Number.Bits() || number == PtxNumber.Predicate)
            throw new InvalidOperationException($"{Number} cannot be seen as {number}");
        return number.Prefix() == Number.Prefix() ? new(Writer, name!, number)
            : Writer.Make(number, $"mov.b{number.Bits()} {{0}}, {this};");
    }

    /// <summary>The nearest number of another type; between integers, its bits cut or its sign spread.</summary>
    public PtxValue To(PtxNumber number)
    {
        if (number == Number) return this;
        var rounding = (Number.IsFloat(), number.IsFloat()) switch
        {
            (true, false) => ".rzi",
            (false, true) => ".rn",
            (true, true) when number == PtxNumber.F32 => ".rn",
            _ => "",
        };
        return Writer.Make(number, $"cvt{rounding}.{number.Name()}.{Number.Name()} {{0}}, {this};");
    }

    /// <summary>The smaller one.</summary>
    public PtxValue Min(PtxValue other) => Two("min", "min", this, other);

    /// <summary>The larger one; of a number and NaN, the number.</summary>
    public PtxValue Max(PtxValue other) => Two("max", "max", this, other);

    /// <summary>The product of two 32-bit integers in 64 bits.</summary>
    public PtxValue Wide(PtxValue factor) => Number == PtxNumber.U32
        ? Writer.Make(PtxNumber.U64, $"mul.wide.u32 {{0}}, {this}, {factor.As(Number)};")
        : Writer.Make(PtxNumber.S64, $"mul.wide.s32 {{0}}, {this}, {factor.As(Number)};");

    /// <summary>this · factor + addend, rounded once.</summary>
    public PtxValue MultiplyAdd(PtxValue factor, PtxValue addend) => Writer.Make(Number, Number.IsFloat()
        ? $"fma.rn.{Number.Name()} {{0}}, {this}, {factor.As(Number)}, {addend.As(Number)};"
        : $"mad.lo.{Number.Name()} {{0}}, {this}, {factor}, {addend};");

    /// <summary>The register's name, or the constant.</summary>
    public override string ToString() => name ?? constant.ToString(CultureInfo.InvariantCulture);

    private bool Is(long number) => IsConstant && constant == number;

    // Constants of floats are written as their bits.
    private string As(PtxNumber number) => !IsConstant || !number.IsFloat() ? ToString()
        : number == PtxNumber.F32 ? PtxWriter.Constant((float)constant) : PtxWriter.Constant((double)constant);

    private static PtxValue? Fold(PtxValue a, PtxValue b, Func<long, long, long> f) =>
        a.IsConstant && b.IsConstant ? f(a.constant, b.constant) : null;

    private static PtxNumber Common(PtxValue a, PtxValue b)
    {
        if (a.IsConstant) return b.Number;
        if (b.IsConstant || a.Number == b.Number) return a.Number;
        // Bits and an address offset of one width may meet; what the left operand holds decides.
        if (a.Number.Bits() == b.Number.Bits() && a.Number.Prefix() == b.Number.Prefix()) return a.Number;
        throw new InvalidOperationException($"{a.Number} meets {b.Number}: convert one");
    }

    private static PtxValue Two(string whole, string floating, PtxValue a, PtxValue b)
    {
        var number = Common(a, b);
        var of = (a.writer ?? b.Writer);
        return of.Make(number, $"{(number.IsFloat() ? floating : whole)}.{number.Name()} {{0}}, {a.As(number)}, "
            + $"{b.As(number)};");
    }

    private static PtxValue Bits(string operation, PtxValue a, PtxValue b)
    {
        var number = Common(a, b);
        var type = number == PtxNumber.Predicate ? "pred" : $"b{number.Bits()}";
        return (a.writer ?? b.Writer).Make(number, $"{operation}.{type} {{0}}, {a}, {b};");
    }

    private static PtxValue Compare(string how, PtxValue a, PtxValue b)
    {
        var number = Common(a, b);
        return (a.writer ?? b.Writer).Make(PtxNumber.Predicate,
            $"setp.{how}.{number.Name()} {{0}}, {a.As(number)}, {b.As(number)};");
    }
}
