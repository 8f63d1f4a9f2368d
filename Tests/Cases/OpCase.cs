using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>One row of the op table: an operation on inputs of some shapes. Tests read it for correctness on every type
/// and layout, for gradients and for equal bits on any number of threads, benchmarks for their numbers, and the page of
/// operations is made of it.</summary>
/// <param name="Op">The operation's <see cref="Autograd.Op.Name"/>.</param>
/// <param name="Call">How one writes it, for people.</param>
/// <param name="Run">Runs it; an optional input may be null.</param>
/// <param name="Inputs">How the inputs are made.</param>
public sealed record OpCase(string Op, string Call, Func<Tensor?[], Tensor> Run, params Input?[] Inputs)
{
    /// <summary>The result in double precision, from the same numbers as the operation gets. Without one, the operation
    /// itself in float64 is the reference: its kernels' float64 bodies are the naive ones.</summary>
    public Func<Naive[], Naive>? Reference { get; init; }

    /// <summary>Numbers that are added up in one element of the result; tolerances grow with the root of it.</summary>
    public long Terms { get; init; } = 1;

    /// <summary>Roundings beside those of a sum, in units of the type's precision.</summary>
    public double Roundings { get; init; } = 4;

    /// <summary>Roundings to the 16-bit type between products, where a GPU's tensor cores calculate them; in units of
    /// that type's half precision and of the result's largest element.</summary>
    public double TensorCoreRoundings { get; init; }

    /// <summary>True when the result must be the reference's to the last bit: nothing is calculated, or with whole
    /// numbers.</summary>
    public bool IsExact { get; init; }

    /// <summary>True when errors are relative to the largest element of the result and not to each: where elements come
    /// about by subtraction.</summary>
    public bool Absolute { get; init; }

    /// <summary>False where no gradient flows.</summary>
    public bool HasGradient { get; init; } = true;

    /// <summary>Floating-point types it is run in.</summary>
    public DType[] DTypes { get; init; } = [DType.Float32, DType.Float16, DType.BFloat16, DType.Float64];

    /// <summary>Floating-point operations of one run.</summary>
    public double Flops { get; init; }

    /// <summary>Bytes read and written by one run in float32; those of inputs and result when left at 0.</summary>
    public double Bytes { get; init; }

    /// <summary>True where several threads share the work: differences of every element would take too long.</summary>
    public bool Large { get; init; }

    /// <summary>True for sizes as networks have them: benchmarks time these, and no test runs them.</summary>
    public bool Network { get; init; }

    /// <summary>Bytes that one run in float32 moves at least.</summary>
    /// <param name="result">Its result.</param>
    public double BytesWith(Tensor result) => Bytes > 0 ? Bytes : result.Count * (double)result.DType.Size()
        + Inputs.Sum(i => i is null ? 0 : i.Shape.Count * (double)(i.DType ?? DType.Float32).Size());

    /// <summary>Input shapes, for people: "[2, 3] [3]".</summary>
    public string Shapes => string.Join(" ", Inputs.Select(i => i is null ? "-" : i.Shape.ToString()));

    public override string ToString() => $"{Op} {Call} {Shapes}";

    /// <summary>The inputs on a device.</summary>
    public Tensor?[] Make(DType dtype, Layout layout, Device device) =>
        [.. Inputs.Select((input, i) => input is null
            ? null
            : layout.Make(input.Values(1000 + i), input.Shape, input.DType ?? dtype, device))];

    /// <summary>How far an element may be from the reference: rounding of the arithmetic, and of the result when it is
    /// stored in 16 bits. What is exact is exact in its own type.</summary>
    /// <param name="dtype">Type the operation was run in.</param>
    /// <param name="expected">The reference's element.</param>
    /// <param name="largest">The reference's largest finite magnitude.</param>
    /// <param name="onTensorCores">True when a GPU may have used them.</param>
    public double Tolerance(DType dtype, double expected, double largest, bool onTensorCores = false)
    {
        if (IsExact) return 0;
        var magnitude = Absolute || Terms > 1 ? largest : Math.Abs(expected);
        var arithmetic = Precision(dtype == DType.Float64 ? dtype : DType.Float32);
        var storage = dtype.IsHalf() ? Precision(dtype) / 2 * 1.001 * Math.Abs(expected) + Least(dtype) : 0;
        var between = onTensorCores && dtype.IsHalf() ? Precision(dtype) / 2 * TensorCoreRoundings * largest : 0;
        return arithmetic * (Roundings + Math.Sqrt(Terms)) * magnitude + between + storage + Least(DType.Float32);
    }

    /// <summary>Distance from 1 to the next number.</summary>
    public static double Precision(DType dtype) => dtype switch
    {
        DType.Float64 => Math.Pow(2, -52),
        DType.Float32 => Math.Pow(2, -23),
        DType.Float16 => Math.Pow(2, -10),
        _ => Math.Pow(2, -7),
    };

    private static double Least(DType dtype) => dtype == DType.Float16 ? Math.Pow(2, -25) : 1e-37;
}
