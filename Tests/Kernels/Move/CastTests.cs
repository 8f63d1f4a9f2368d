using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Move;

/// <summary>Conversions between all pairs of types.</summary>
public sealed class CastTests
{
    private static readonly DType[] all = Enum.GetValues<DType>();

    [Test]
    public void Small_whole_numbers_survive_every_pair(
        [ValueSource(nameof(all))] DType from, [ValueSource(nameof(all))] DType to)
    {
        using var scope = Scope.Open();
        // More than a wide lane, and a tail.
        double[] values = [.. Enumerable.Range(0, 27).Select(i => (double)(i % 2))];
        if (from != DType.Bool && to != DType.Bool) values = [.. Enumerable.Range(0, 27).Select(i => (double)i)];
        var cast = Tensor.From(values, [27]).To(from).To(to);
        Assert.That(cast.DType, Is.EqualTo(to));
        Assert.That(cast.To(DType.Float64).ToArray<double>(), Is.EqualTo(values));
    }

    [AnyWidth]
    [Test]
    public void Every_half_becomes_its_float()
    {
        Half[] halves = [.. Enumerable.Range(0, 1 << 16).Select(i => BitConverter.UInt16BitsToHalf((ushort)i))];
        using var scope = Scope.Open();
        var floats = Tensor.From(halves, [1 << 16]).To(DType.Float32).ToArray<float>();
        for (var i = 0; i < floats.Length; i++)
            Assert.That(floats[i].Equals((float)halves[i]), $"bits {i:x4}: {floats[i]} is not {halves[i]}");
    }

    [AnyWidth]
    [Test]
    public void Every_bfloat16_becomes_its_float_and_comes_back()
    {
        BFloat16[] narrow = [.. Enumerable.Range(0, 1 << 16).Select(i => new BFloat16((ushort)i))];
        using var scope = Scope.Open();
        var floats = Tensor.From(narrow, [1 << 16]).To(DType.Float32);
        Assert.That(floats.ToArray<float>().Select(BitConverter.SingleToUInt32Bits),
            Is.EqualTo(narrow.Select(b => (uint)b.Bits << 16)));
        var back = floats.To(DType.BFloat16).ToArray<BFloat16>();
        for (var i = 0; i < back.Length; i++)
            if (!float.IsNaN(narrow[i])) Assert.That(back[i], Is.EqualTo(narrow[i]));
            else Assert.That(float.IsNaN(back[i]), "a NaN stays one");
    }

    // Floats around every half and every midpoint of two: where rounding can go wrong.
    [AnyWidth]
    [Test]
    public void Floats_round_to_halves_as_the_runtime_does()
    {
        var values = Enumerable.Range(0, 1 << 15)
            .Select(i => BitConverter.SingleToInt32Bits((float)BitConverter.UInt16BitsToHalf((ushort)i)))
            .SelectMany(bits => new[] { 0, -1, 1, 0x1000, 0xFFF, 0x1001 }.Select(d => bits + d))
            .Select(BitConverter.Int32BitsToSingle)
            .Concat([65504f, 65519.996f, 65520f, 1e10f, 1e-10f, float.PositiveInfinity, float.NaN])
            .SelectMany(v => new[] { v, -v }).ToArray();
        using var scope = Scope.Open();
        var halves = Tensor.From(values, [values.Length]).To(DType.Float16).ToArray<Half>();
        for (var i = 0; i < values.Length; i++)
            Assert.That(halves[i].Equals((Half)values[i]), $"{values[i]:g9}: {halves[i]} is not {(Half)values[i]}");
    }

    [AnyWidth]
    [Test]
    public void Floats_round_to_bfloat16_to_nearest_even()
    {
        var random = new System.Random(1);
        float[] values = [.. Enumerable.Range(0, 100_000).Select(_ => BitConverter.Int32BitsToSingle(random.Next()))];
        using var scope = Scope.Open();
        var found = Tensor.From(values, [values.Length]).To(DType.BFloat16).ToArray<BFloat16>();
        for (var i = 0; i < values.Length; i++)
            Assert.That(found[i].Equals((BFloat16)values[i]) || (float.IsNaN(values[i]) && float.IsNaN(found[i])),
                $"{values[i]:g9}");
    }

    [TestCase(DType.Int64)]
    [TestCase(DType.Int32)]
    [TestCase(DType.UInt8)]
    public void Floats_become_integers_by_truncation_and_saturate(DType dtype)
    {
        using var scope = Scope.Open();
        var numbers = Tensor.From(1.9, 0.5, -0.9, 254.99, 1e30, -1e30, double.NaN);
        var found = numbers.To(dtype).To(DType.Float64).ToArray<double>();
        var (low, high) = dtype switch
        {
            DType.Int64 => ((double)long.MinValue, (double)long.MaxValue),
            DType.Int32 => (int.MinValue, int.MaxValue),
            _ => (0, 255),
        };
        Assert.That(found, Is.EqualTo(new[] { 1, 0, 0, 254, high, low, 0 }));
    }

    [Test]
    public void Anything_but_zero_is_true()
    {
        using var scope = Scope.Open();
        Assert.That(Tensor.From(0f, -0f, 1e-40f, float.NaN, -3).To(DType.Bool).ToArray<bool>(),
            Is.EqualTo(new[] { false, false, true, true, true }));
    }

    [Test]
    public void The_same_type_is_the_same_tensor()
    {
        using var tensor = Tensor.From(1f);
        Assert.That(tensor.To(DType.Float32), Is.SameAs(tensor));
        Assert.That(tensor.To(tensor.Device), Is.SameAs(tensor));
    }
}
