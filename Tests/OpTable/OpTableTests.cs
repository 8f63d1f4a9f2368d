using Diffract.Autograd;
using Diffract.Cases;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.OpTable;

/// <summary>Every row of the op table: against its reference on all types and layouts, its gradients, and its bits on
/// any number of threads.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class OpTableTests
{
    private static readonly CpuDevice[] devices = [new(1), new(2), new(8)];

    private static IEnumerable<TestCaseData> All() => Named(Cases.OpTable.All);

    private static IEnumerable<TestCaseData> WithGradient() => Named(Cases.OpTable.All.Where(c => c.HasGradient));

    private static IEnumerable<TestCaseData> SmallWithGradient() =>
        Named(Cases.OpTable.All.Where(c => c.HasGradient && !c.Large));

    [AnyWidth]
    [TestCaseSource(nameof(All))]
    public void Agrees_with_its_reference(OpCase row)
    {
        foreach (var dtype in Types(row))
        {
            using var scope = Scope.Open();
            var inputs = row.Make(dtype, Layout.Dense, Device.Cpu);
            var expected = Expected(row, inputs);
            var found = row.Run(inputs);
            Assert.That(found.Shape, Is.EqualTo(expected.Shape), $"shape in {dtype}");
            Compare.Elements(row, dtype, Naive.Of(found).Values, expected.Values);
        }
    }

    [TestCaseSource(nameof(All))]
    public void Layout_does_not_change_a_bit(OpCase row)
    {
        foreach (var dtype in Types(row))
        {
            using var scope = Scope.Open();
            var dense = Naive.Of(row.Run(row.Make(dtype, Layout.Dense, Device.Cpu))).Values;
            foreach (var layout in new[] { Layout.Window, Layout.Strided })
                Assert.That(Naive.Of(row.Run(row.Make(dtype, layout, Device.Cpu))).Values, Is.EqualTo(dense),
                    $"{dtype} {layout}");
        }
    }

    [TestCaseSource(nameof(SmallWithGradient))]
    public void Gradient_is_the_derivative(OpCase row)
    {
        using var scope = Scope.Open();
        var inputs = row.Make(DType.Float64, Layout.Dense, Device.Cpu);
        // GradCheck takes no absent inputs: they are put back in the call.
        var present = inputs.Where(i => i is not null).Select(i => i!).ToArray();
        GradCheck.Run(given =>
        {
            var next = 0;
            return row.Run([.. inputs.Select(i => i is null ? null : given[next++])]);
        }, present);
    }

    [AnyWidth]
    [TestCaseSource(nameof(WithGradient))]
    public void Float32_gradients_agree_with_float64(OpCase row)
    {
        using var scope = Scope.Open();
        var single = Gradients.Of(row, DType.Float32, Device.Cpu);
        var both = Gradients.Of(row, DType.Float64, Device.Cpu);
        for (var i = 0; i < both.Length; i++)
            Compare.Gradient(row, i, single[i], both[i]);
    }

    [TestCaseSource(nameof(All))]
    public void Threads_do_not_change_a_bit(OpCase row)
    {
        double[]? result = null;
        double[]?[]? gradients = null;
        foreach (var device in devices)
        {
            using var scope = Scope.Open();
            var found = Naive.Of(row.Run(row.Make(DType.Float32, Layout.Dense, device)).To(Device.Cpu)).Values;
            var foundGradients = row.HasGradient ? Gradients.Of(row, DType.Float32, device) : [];
            Assert.That(found, Is.EqualTo(result ??= found), $"{device.Threads} threads");
            Assert.That(foundGradients, Is.EqualTo(gradients ??= foundGradients),
                $"gradients, {device.Threads} threads");
        }
    }

    // Large rows are about the division of work, which small ones of other types do not have.
    private static DType[] Types(OpCase row) => row.Large ? row.DTypes[..1] : row.DTypes;

    internal static Naive Expected(OpCase row, Tensor?[] inputs) => row.Reference is { } reference
        ? reference([.. inputs.Select(i => i is null ? null! : Naive.Of(i))])
        : Naive.Of(row.Run([.. inputs.Select(i => i is { } x && x.DType.IsFloating() ? x.To(DType.Float64) : i)]));

    internal static IEnumerable<TestCaseData> Named(IEnumerable<OpCase> rows)
    {
        var seen = new Dictionary<string, int>();
        foreach (var row in rows)
        {
            var name = row.ToString();
            var number = seen[name] = seen.GetValueOrDefault(name) + 1;
            yield return new TestCaseData(row).SetArgDisplayNames(number == 1 ? name : $"{name} #{number}");
        }
    }
}
