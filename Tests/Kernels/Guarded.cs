using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

/// <summary>Tensors between margins that no kernel may touch: the margins of outputs must keep their content, those of
/// inputs hold NaN, which shows in the result when it was read.</summary>
internal sealed class Guarded : IDisposable
{
    private const int Margin = 64;
    private const float Mark = -123456.75f;

    private readonly List<(Tensor Whole, long Count)> outputs = [];
    private readonly List<Tensor> all = [];

    /// <summary>A view of a copy of the tensor, with NaN around it.</summary>
    public View Input(Tensor tensor)
    {
        var values = new float[tensor.Count + 2 * Margin];
        Array.Fill(values, float.NaN);
        tensor.ToArray<float>().CopyTo(values, Margin);
        return Middle(Tensor.From(values, [values.Length]), tensor.Count);
    }

    /// <summary>A view of <paramref name="count"/> elements whose neighbours are watched; NaN at first.</summary>
    public View Output(long count)
    {
        var values = new float[count + 2 * Margin];
        Array.Fill(values, Mark);
        Array.Fill(values, float.NaN, Margin, (int)count);
        var whole = Tensor.From(values, [values.Length]);
        outputs.Add((whole, count));
        return Middle(whole, count);
    }

    /// <summary>Fails when a margin was written or an output element was not, or is not a number.</summary>
    public void AssertUntouched()
    {
        for (var o = 0; o < outputs.Count; o++)
        {
            var (whole, count) = outputs[o];
            var values = whole.ToArray<float>();
            for (long i = 0; i < values.Length; i++)
            {
                if (i >= Margin && i < Margin + count)
                    Assert.That(values[i], Is.Not.NaN, $"output {o}, element {i - Margin}");
                else if (values[i] != Mark) Assert.Fail($"output {o}: element {i - Margin} of {count} was written");
            }
        }
    }

    public void Dispose()
    {
        foreach (var tensor in all) tensor.Dispose();
    }

    private View Middle(Tensor whole, long count)
    {
        all.Add(whole);
        return new View(whole.View.Address + Margin * sizeof(float), count, DType.Float32);
    }
}
