using Diffract.Autograd;
using Diffract.Cases;
using Diffract.Engine;
using Diffract.Engine.Sim;
using Diffract.Tests.OpTable;
using NUnit.Framework;
using NUnit.Framework.Internal;

namespace Diffract.Tests.Kernels.Gpu;

/// <summary>Would a mistake in a kernel be noticed? Mistakes are planted in the text of every family's kernels, and
/// each must end in an error of the simulated device or in a result outside the operation's tolerance.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class PlantedBugTests
{
    private static IEnumerable<TestCaseData> Families()
    {
        yield return Rows("map", "silu", "gelu");
        yield return Rows("binary", "add", "mul", "where");
        yield return Rows("reduce", "sum", "mean", "max", "var");
        yield return Rows("softmax", "softmax", "log_softmax");
        yield return Rows("group norm", "group_norm");
        yield return Rows("layer norm", "layer_norm");
        yield return Rows("batch norm", "batch_norm");
        yield return Rows("product", "matmul", "linear");
        yield return Rows("convolution", "conv2d", "conv_transpose2d");
        yield return Rows("attention", "qkv_attention");
        yield return Rows("pool", "max_pool2d", "avg_pool2d");
        yield return Rows("resize", "resize_bilinear", "upsample_nearest");
        yield return Rows("random", "dropout");
        yield return Rows("cross entropy", "cross_entropy");
        yield return Rows("gather", "gather", "index_select", "embedding", "concat", "copy", "pad");
        yield return new TestCaseData((Action<Device>)Train).SetArgDisplayNames("optimiser steps");

        static TestCaseData Rows(string name, params string[] ops) => new TestCaseData((Action<Device>)(device =>
        {
            foreach (var row in Cases.OpTable.All.Where(r => !r.Large && ops.Contains(r.Op))) Check(row, device);
        })).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Families))]
    public void Every_planted_bug_is_noticed(Action<Device> check)
    {
        var device = new RewritingDevice();
        check(device);
        var missed = new List<string>();
        var planted = 0;
        var kernels = device.Kernels.ToList();
        foreach (var kernel in kernels)
        {
            var program = kernel.For(device.Architecture);
            foreach (var bug in PlantedBug.In(program.Text))
            {
                planted++;
                device.Replacement = (kernel, SimProgram.Load(bug.Text));
                if (!Fails(check, device)) missed.Add($"{program.Entry}, {bug}");
            }
        }
        TestContext.Out.WriteLine($"{planted} planted bugs in {kernels.Count} kernels");
        Assert.That(missed, Is.Empty);
    }

    private static bool Fails(Action<Device> check, Device device)
    {
        // What fails in here is not this test's failure.
        using var isolated = new TestExecutionContext.IsolatedContext();
        try
        {
            check(device);
            return false;
        }
        catch (Exception e) when (e is SimException or AssertionException)
        {
            return true;
        }
    }

    private static void Check(OpCase row, Device device)
    {
        using var scope = Scope.Open();
        var expected = OpTableTests.Expected(row, row.Make(DType.Float32, Layout.Dense, Device.Cpu));
        var found = row.Run(row.Make(DType.Float32, Layout.Dense, device));
        Compare.Elements(row, DType.Float32, Naive.Of(found.To(Device.Cpu)).Values, expected.Values);
        if (!row.HasGradient) return;
        var single = Gradients.Of(row, DType.Float32, device);
        var both = Gradients.Of(row, DType.Float64, Device.Cpu);
        for (var i = 0; i < both.Length; i++) Compare.Gradient(row, i, single[i], both[i]);
    }

    // Two steps of every optimiser and of an average, on 300 parameters.
    private static void Train(Device device)
    {
        Assert.That(Trained(device), Is.EqualTo(Trained(Device.Cpu)).Within(1e-6).Percent);

        static float[] Trained(Device device)
        {
            using var scope = Scope.Open();
            var all = new List<float>();
            foreach (var make in new Func<IEnumerable<Tensor>, Optimizer>[]
            {
                p => new Sgd(p, 0.1, 0.9, 0.4, 0.2), p => new Sgd(p, 0.1, 0.8, nesterov: true),
                p => new Adam(p, 0.01, weightDecay: 0.3), p => new AdamW(p, 0.01, weightDecay: 0.5),
            })
            {
                var parameter = Tensor.From([.. Enumerable.Range(0, 300).Select(i => MathF.Sin(i))], [300], device);
                parameter.RequiresGrad = true;
                using var optimizer = make([parameter]);
                using var average = new Ema([("p", parameter)], 0.9);
                for (var step = 0; step < 2; step++)
                {
                    optimizer.ZeroGrad();
                    (parameter * parameter).Sum().Backward();
                    all.Add((float)ClipGrad.ByNorm([parameter], 3));
                    optimizer.Step();
                    average.Update();
                }
                all.AddRange(parameter.ToArray<float>());
                all.AddRange(average.Averages(0.9)[0].Tensor.ToArray<float>());
            }
            return [.. all];
        }
    }
}
