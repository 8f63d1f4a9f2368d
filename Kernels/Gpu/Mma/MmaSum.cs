using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Adds up the parts of a product whose depth was cut, in order and in double precision, and writes
/// C = alpha sum + beta C + bias + residual. The parts' columns may be [taps, channels] where those of C are
/// [channels, taps].</summary>
internal static class MmaSum
{
    private const int Threads = 256;

    private static readonly GeneratedKernels<Variant> kernels = new(variant => new GeneratedKernel(
        "Mma.Sum", Threads, architecture => Write(variant, architecture)));

    /// <summary>Queues the sum.</summary>
    /// <param name="device">The device.</param>
    /// <param name="parts">float32 [parts, rows, columns], the columns of all segments.</param>
    /// <param name="sizes">Sizes of the product that made them.</param>
    /// <param name="c">The result, contiguous.</param>
    /// <param name="bias">[columns], or absent.</param>
    /// <param name="residual">Like the result, or absent.</param>
    public static void Run(GpuDevice device, View parts, in MmaSizes sizes, View c, View bias = default,
        View residual = default) =>
        kernels.Of(new(c.DType, bias.Exists ? bias.DType : DType.Float32)).LaunchFor(device, c.Count,
            new GpuArguments().Put(parts.Address).Put(c.Address).Put(bias.Address).Put(residual.Address).Put(sizes)
                .Put(checked((int)c.Count)));

    private static PtxWriter Write(Variant variant, int architecture)
    {
        var k = new PtxWriter("Sum", Threads, architecture);
        var (parts, c) = (k.Parameter<nint>("parts"), k.Parameter<nint>("c"));
        var (bias, residual) = (k.Parameter<nint>("bias"), k.Parameter<nint>("residual"));
        var sizes = k.Struct<MmaSizes>("sizes");
        var count = k.Parameter<int>("count");
        var i = k.Index.Seen(PtxNumber.S32);
        k.If(i < count, () =>
        {
            var sum = k.Variable(PtxNumber.F64);
            k.Emit($"mov.f64 {sum}, {PtxWriter.Constant(0d)};");
            var at = k.Variable(PtxNumber.U64, parts + i.Wide(4).Seen(PtxNumber.U64));
            k.For(0, sizes("Parts"), 1, _ =>
            {
                k.Set(sum, sum + k.Load(PtxNumber.F32, "global", at).To(PtxNumber.F64));
                k.Set(at, at + count.Wide(4).Seen(PtxNumber.U64));
            });
            var across = sizes("Columns") * sizes("Segments");
            var row = i / across;
            var column = i - row * across;
            var segment = column / sizes("Columns");
            var place = row * across + (column - segment * sizes("Columns")) * sizes("Segments") + segment;
            var offset = place.Wide(variant.Result.Size()).Seen(PtxNumber.U64);
            var value = k.Variable(PtxNumber.F32, sum.To(PtxNumber.F32) * sizes("Alpha"));
            k.If(sizes("Beta").UnequalTo(0), () => k.Set(value,
                PtxHalf.Load(k, variant.Result, c + offset).MultiplyAdd(sizes("Beta"), value)));
            k.If(bias.UnequalTo(0), () => k.Set(value, value + PtxHalf.Load(k, variant.Bias,
                bias + column.Wide(variant.Bias.Size()).Seen(PtxNumber.U64))));
            k.If(residual.UnequalTo(0), () =>
                k.Set(value, value + PtxHalf.Load(k, variant.Result, residual + offset)));
            PtxHalf.Store(k, variant.Result, c + offset, value);
        });
        return k;
    }

    private readonly record struct Variant(DType Result, DType Bias);
}
