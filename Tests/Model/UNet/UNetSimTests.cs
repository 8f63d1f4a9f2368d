using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>A whole U-Net with a GPU's kernels on the simulated device, forward and backward, against the CPU's.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class UNetSimTests
{
    // About 20 million multiplications forward.
    private static readonly UNetConfig config = new()
    {
        ImageSize = 8,
        ModelChannels = 32,
        ChannelMult = [1, 2],
        NumResBlocks = 1,
        AttentionResolutions = [2],
        NumHeadChannels = 16,
    };

    [TestCase(32)]
    [TestCase(4)]
    public void Output_and_gradients_are_those_of_the_cpu(int groups)
    {
        var (expected, found) = (Run(Device.Cpu, groups), Run(new SimDevice(), groups));
        Assert.That(found.Keys, Is.EqualTo(expected.Keys));
        // A bias before a norm has no influence: its gradient is what rounding leaves of large numbers.
        var least = 1e-2f * expected.Values.Max(v => v.Max(Math.Abs));
        foreach (var (name, values) in expected)
        {
            var largest = Math.Max(values.Max(Math.Abs), least);
            Assert.That(found[name].Zip(values, (a, b) => Math.Abs(a - b)).Max() / largest, Is.LessThan(2e-5),
                $"{name}, of {largest}");
        }
    }

    [TestCase(80, DType.Float16, 2e-3, 32)]
    [TestCase(90, DType.Float16, 2e-3, 32)]
    [TestCase(90, DType.Float16, 2e-3, 4)]
    [TestCase(80, DType.BFloat16, 1.6e-2, 32)]
    public void Mixed_precision_on_tensor_cores_is_as_exact_as_its_type(
        int architecture, DType half, double most, int groups)
    {
        var expected = Run(Device.Cpu, groups);
        using var section = Autocast.Use(half);
        var found = Run(new SimDevice(architecture), groups);
        Assert.That(Apart(["output"]), Is.LessThan(most), "output");
        Assert.That(Apart(expected.Keys), Is.LessThan(2 * most), "output and gradients");

        double Apart(IEnumerable<string> names)
        {
            var (errors, squares) = (0.0, 0.0);
            foreach (var (a, b) in names.SelectMany(name => found[name].Zip(expected[name])))
            {
                errors += Math.Pow(a - b, 2);
                squares += Math.Pow(b, 2);
            }
            return Math.Sqrt(errors / squares);
        }
    }

    private static SortedDictionary<string, float[]> Run(Device device, int groups = 32)
    {
        using var scope = Scope.Open();
        using var network = new UNet(config with { NormGroups = groups });
        network.Initialise(new Generator(8));
        foreach (var (_, parameter) in network.State())
            using (Scope.Open())
                parameter.Assign(parameter.Value + Tensor.Randn(parameter.Shape, new Generator(9)) * 0.05f);
        network.To(device);
        var x = Tensor.Randn([1, 8, 8, 3], new Generator(1)).To(device);
        x.RequiresGrad = true;
        var y = network.Forward(x, Tensor.From(500L).To(device));
        (y * y).Sum().Backward();
        var results = new SortedDictionary<string, float[]>(StringComparer.Ordinal)
        {
            ["output"] = y.To(DType.Float32).ToArray<float>(),
            ["input"] = x.Grad!.To(DType.Float32).ToArray<float>(),
        };
        foreach (var (name, parameter) in network.State())
            if (parameter.Value.Grad is { } grad) results[name] = grad.To(DType.Float32).ToArray<float>();
        return results;
    }
}
