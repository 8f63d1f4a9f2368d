using Diffract.Autograd;
using Diffract.Benchmarks.Worker;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Benchmarks.Gpu;

/// <summary>What the 256-pixel network calculates, for a comparison of its rounding errors with those of another
/// library in the same precision.</summary>
internal static class GpuOutputs
{
    private const int Block = 24;

    /// <summary>Writes the output and the map of block 24 as <c>output</c> and <c>b24</c>, [1, C, H, W] in float32.
    /// </summary>
    public static void Write(WorkerMode mode, string path)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        using var half = mode.Section();
        using var network = PeerNetwork.Load(null, mode);
        var x = mode.Place(PeerNumbers.Maps("x", 1, 3, [256, 256]));
        var y = network.Run(x, mode.Place(Tensor.Full([1], 500f)), taps: Taps.At(Block).AndOutput());
        TensorFile.Save(path, new Dictionary<string, Tensor>
        {
            ["b24"] = OnHost(y[Block]),
            ["output"] = OnHost(y.Result),
        });
    }

    private static Tensor OnHost(Tensor map) =>
        map.To(DType.Float32).To(Device.Cpu).Permute(0, 3, 1, 2).Contiguous();
}
