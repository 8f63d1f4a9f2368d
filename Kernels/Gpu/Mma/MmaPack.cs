using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Sizes of a weight that is packed.</summary>
internal struct MmaPackSizes
{
    /// <summary>The packed weight's last axis, the one before it, and the columns of a group.</summary>
    public Divisor Depth, Taps, Columns;

    /// <summary>Numbers of the last axis that are not zeros.</summary>
    public int Channels;

    /// <summary>Numbers of the weight between groups, columns, and channels.</summary>
    public int StepGroup, StepColumn, StepDepth;

    /// <summary>Numbers of the packed weight.</summary>
    public int Count;
}

/// <summary>Lays the weight of a convolution out as [groups, columns, taps, depth].</summary>
internal static class MmaPack
{
    private const int Threads = 256;

    private static readonly GeneratedKernels<Variant> kernels = new(variant => new GeneratedKernel(
        "Mma.Pack", Threads, architecture => Write(variant, architecture)));

    /// <summary>Queues the packing.</summary>
    public static void Run(GpuDevice device, DType weight, DType packed, View from, View to, in MmaPackSizes sizes) =>
        kernels.Of(new(weight, packed)).LaunchFor(device, sizes.Count,
            new GpuArguments().Put(from.Address).Put(to.Address).Put(sizes));

    private static PtxWriter Write(Variant variant, int architecture)
    {
        var k = new PtxWriter("Pack", Threads, architecture);
        var (from, to) = (k.Parameter<nint>("from"), k.Parameter<nint>("to"));
        var sizes = k.Struct<MmaPackSizes>("sizes");
        var i = k.Index.Seen(PtxNumber.S32);
        k.If(i < sizes("Count"), () =>
        {
            var (row, channel) = Parts(i, "Depth");
            var (wholeColumn, tap) = Parts(row, "Taps");
            var (group, column) = Parts(wholeColumn, "Columns");
            var value = k.Variable(PtxNumber.F32, k.Single(0));
            k.If(channel < sizes("Channels"), () =>
            {
                var place = group * sizes("StepGroup") + column * sizes("StepColumn") + channel * sizes("StepDepth")
                    + tap;
                k.Set(value, PtxHalf.Load(k, variant.Weight,
                    from + place.Wide(variant.Weight.Size()).Seen(PtxNumber.U64)));
            });
            PtxHalf.Store(k, variant.Packed, to + i.Wide(variant.Packed.Size()).Seen(PtxNumber.U64), value);
        });
        return k;

        (PtxValue Quotient, PtxValue Remainder) Parts(PtxValue value, string divisor)
        {
            var quotient = k.Divide(value, sizes, divisor);
            return (quotient, value - quotient * sizes($"{divisor}.Length"));
        }
    }

    private readonly record struct Variant(DType Weight, DType Packed);
}
