using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Lanes;

/// <summary>Formulas in a GPU's thread, for numbers at the ends of the range and none: they must do what they do on the
/// CPU.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class GpuLaneTests
{
    private static readonly float[] numbers =
    [
        float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0f, -0f, 1e-45f, -1e-45f, 1e-38f, 3e38f, -3e38f, 1f,
        -1f, 0.5f, -0.5f, 87f, -87f, 88.7f, -88.7f, 89f, 104f, -104f, 2f, 3f, 1e-6f, 12345.678f,
    ];

    private static IEnumerable<TestCaseData> Formulas()
    {
        (string Name, Func<Tensor, Tensor> Run)[] all =
        [
            ("exp", x => x.Exp()), ("log", x => x.Log()), ("tanh", x => x.Tanh()), ("sigmoid", x => x.Sigmoid()),
            ("silu", x => x.Silu()), ("relu", x => x.Relu()), ("gelu", x => x.Gelu()), ("sqrt", x => x.Sqrt()),
            ("abs", x => x.Abs()), ("neg", x => -x), ("clamp", x => x.Clamp(-0.75, 2.5)), ("pow 2", x => x.Pow(2)),
            ("pow -1", x => x.Pow(-1)), ("pow 0.5", x => x.Pow(0.5)),
            ("pow 3", x => x.Pow(3)), ("pow 0", x => x.Pow(0)),
        ];
        foreach (var (name, run) in all) yield return new TestCaseData(run).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Formulas))]
    public void Unusual_numbers_are_what_they_are_on_the_cpu(Func<Tensor, Tensor> formula)
    {
        using var scope = Scope.Open();
        var x = Tensor.From(numbers);
        Same(formula(x).ToArray<float>(), formula(x.To(new SimDevice())).ToArray<float>(), i => $"{numbers[i]}");
    }

    [TestCase("min")]
    [TestCase("max")]
    [TestCase("less")]
    [TestCase("less or equal")]
    [TestCase("greater")]
    [TestCase("greater or equal")]
    [TestCase("equal")]
    [TestCase("not equal")]
    public void Pairs_of_unusual_numbers_are_compared_as_on_the_cpu(string name)
    {
        using var scope = Scope.Open();
        Tensor Run(Device device)
        {
            var x = Tensor.From(numbers).To(device);
            Tensor a = x.Reshape(-1, 1), b = x.Reshape(1, -1);
            return (name switch
            {
                "min" => a.Minimum(b),
                "max" => a.Maximum(b),
                "less" => a.Less(b),
                "less or equal" => a.LessEqual(b),
                "greater" => a.Greater(b),
                "greater or equal" => a.GreaterEqual(b),
                "equal" => a.Equal(b),
                _ => a.NotEqual(b),
            }).To(DType.Float32);
        }

        Same(Run(Device.Cpu).ToArray<float>(), Run(new SimDevice()).ToArray<float>(),
            i => $"{numbers[i / numbers.Length]}, {numbers[i % numbers.Length]}");
    }

    private static void Same(float[] expected, float[] found, Func<int, string> what)
    {
        for (var i = 0; i < expected.Length; i++)
            Assert.That(found[i], Is.EqualTo(expected[i]).Within(4).Ulps, what(i));
    }
}
