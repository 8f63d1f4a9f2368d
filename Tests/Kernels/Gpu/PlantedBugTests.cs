using Diffract.Autograd;
using Diffract.Cases;
using Diffract.Engine;
using Diffract.Engine.Sim;
using Diffract.Kernels;
using Diffract.Tests.Kernels.Gpu.Mma;
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
        yield return Rows("map", ["Map"], "silu", "gelu");
        yield return Rows("binary", ["BinaryMap", "Select"], "add", "mul", "where");
        yield return Rows("reduce", ["Fold", "Pick", "WholeFold"], "sum", "mean", "max", "var");
        yield return Rows("softmax", ["Softmax", "LogSoftmax"], "softmax", "log_softmax");
        yield return Rows("group norm", ["GroupNorm", "GpuChannels"], "group_norm");
        yield return Rows("layer norm", ["LayerNorm"], "layer_norm");
        yield return Rows("batch norm", ["BatchNorm"], "batch_norm");
        yield return Rows("product", ["MatMul", "GpuProduct", "ColumnSums"], "matmul", "linear");
        yield return Rows("convolution", ["Conv2d", "GpuConv", "GpuProduct"], "conv2d");
        yield return Rows("attention", ["QkvAttention"], "qkv_attention");
        yield return Rows("pool", ["MaxPool2d", "AvgPool2d"], "max_pool2d", "avg_pool2d");
        yield return Rows("resize", ["ResizeBilinear", "UpsampleNearest"], "resize_bilinear", "upsample_nearest");
        yield return Rows("dropout", ["Dropout"], "dropout");
        yield return Rows("cross entropy", ["CrossEntropy"], "cross_entropy");
        yield return Rows("gather", ["Gather", "StridedCopy", "Embedding"], "gather", "index_select", "embedding",
            "concat", "pad");
        yield return new TestCaseData(new[] { "MmaStrips" }, () => (Action<Device>)(device => Assert.That(
            MomentsLab.Error((GpuDevice)device, MmaNumbers.Float16, [2, 16, 20, 8], 40, false, MmaTile.Small),
            Is.Null))).SetArgDisplayNames("sums over strips");
        yield return new TestCaseData(new[] { "GpuChannels" }, Same(Normalise)).SetArgDisplayNames("eight channels");
        yield return new TestCaseData(new[] { "Normal", "Uniform", "Integers" }, Same(Draw))
            .SetArgDisplayNames("random");
        yield return new TestCaseData(new[] { "SgdStep", "AdamStep", "EmaStep", "SumSquares", "Scale" }, Same(Train))
            .SetArgDisplayNames("optimiser steps");

        static TestCaseData Rows(string name, string[] owners, params string[] ops) => new TestCaseData(owners,
            () => Checks(Cases.OpTable.All.Where(r => ops.Contains(r.Op) && !r.Large && r.Inputs[0]!.Shape.Count > 12)
                .GroupBy(r => r.Op).SelectMany(rows => rows.Take(3)))).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Families))]
    public void Every_planted_bug_is_noticed(string[] owners, Func<Action<Device>> make)
    {
        var device = new RewritingDevice();
        var check = make();
        check(device);
        var missed = new List<string>();
        var planted = 0;
        var kernels = device.Kernels.OfType<GpuKernel>().Where(k => owners.Contains(k.Name.Split('.')[0])).ToList();
        Assert.That(kernels, Is.Not.Empty, string.Join(", ", device.Kernels.Select(k => k.Name).Distinct()));
        foreach (var kernel in kernels)
        {
            var program = kernel.For(device.Architecture);
            foreach (var bug in PlantedBug.In(program.Text))
            {
                if (IsHarmless(bug, kernel)) continue;
                if (bug.Probe is { } probe && !Fails(check, device, kernel, probe)) continue;
                planted++;
                if (!Fails(check, device, kernel, bug.Text)) missed.Add($"{program.Entry}, {bug}");
            }
        }
        TestContext.Out.WriteLine($"{planted} planted bugs in {kernels.Count} kernels");
        Assert.That(missed, Is.Empty, string.Join('\n', missed));
    }

    // Where a thread draws four numbers, it looks for every one whether it is wanted: that it looks before whether any
    // is saves time and nothing else.
    // A product's piece ends at the smaller of two numbers, which is either when they are equal.
    // A walk begins again behind its end: threads of one block that go on copy a number once more.
    private static bool IsHarmless(PlantedBug bug, GpuKernel kernel) => (bug.Kind, kernel.Method.Name) switch
    {
        ("bound dropped", "Numbers" or "DropWords") => bug.Line.StartsWith("@%p1 ", StringComparison.Ordinal),
        ("bound weakened", "Multiply") => bug.Line.StartsWith("setp.gt.s64\t%p1,", StringComparison.Ordinal),
        ("bound dropped" or "bound weakened", "Copy") => true,
        _ => false,
    };

    private static bool Fails(Action<Device> check, RewritingDevice device, IGpuKernel kernel, string text)
    {
        device.Replacement = (kernel, SimProgram.Load(text));
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

    // Rows of the op table: results and gradients, each within its tolerance.
    private static Action<Device> Checks(IEnumerable<OpCase> rows)
    {
        var checks = rows.Select(row =>
        {
            using var scope = Scope.Open();
            var expected = OpTableTests.Expected(row, row.Make(DType.Float32, Layout.Dense, Device.Cpu)).Values;
            var both = row.HasGradient ? Gradients.Of(row, DType.Float64, Device.Cpu) : [];
            return (Action<Device>)(device =>
            {
                using var inner = Scope.Open();
                var found = row.Run(row.Make(DType.Float32, Layout.Dense, device));
                Compare.Elements(row, DType.Float32, Naive.Of(found.To(Device.Cpu)).Values, expected);
                if (!row.HasGradient) return;
                var single = Gradients.Of(row, DType.Float32, device);
                for (var i = 0; i < both.Length; i++) Compare.Gradient(row, i, single[i], both[i]);
            });
        }).ToList();
        return device => checks.ForEach(c => c(device));
    }

    // The same numbers as on the CPU.
    private static Func<Action<Device>> Same(Func<Device, float[]> run) => () =>
    {
        var expected = run(Device.Cpu);
        return device =>
        {
            var found = run(device);
            for (var i = 0; i < expected.Length; i++)
                Assert.That(found[i], Is.EqualTo(expected[i]).Within(1e-6 * Math.Max(1, Math.Abs(expected[i]))));
        };
    };

    // Passes whose threads have eight channels; the last block of threads is not full, nor the last block of pixels.
    private static float[] Normalise(Device device)
    {
        using var scope = Scope.Open();
        Tensor Make(ulong seed) => Tensor.Randn([2, 150, 24], new Generator(seed)).To(device);
        var x = Make(1);
        x.RequiresGrad = true;
        var y = x.GroupNorm(3, null, null, silu: true) + x.GroupNorm(3, null, null);
        y.Backward(Make(2));
        // As exact as the sums that either device makes.
        return [.. y.ToArray<float>().Concat(x.Grad!.ToArray<float>()).Select(v => v / 16)];
    }

    private static float[] Draw(Device device)
    {
        using var scope = Scope.Open();
        var generator = new Generator(3);
        return
        [
            .. Tensor.Randn([301], generator, DType.Float32, device).ToArray<float>(),
            .. Tensor.Uniform([301], -1, 3, generator, DType.Float32, device).ToArray<float>(),
            .. Tensor.RandInt(0, 1000, [301], generator, DType.Int64, device).ToArray<long>().Select(i => (float)i),
        ];
    }

    // Two steps of every optimiser and of an average, on 300 parameters.
    private static float[] Train(Device device)
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
