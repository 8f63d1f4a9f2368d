using System.Text.Json;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tests.Kernels;

/// <summary>Runs an operation on a golden fixture and compares the result (<c>y</c>) and the gradients
/// (<c>grad_name</c>) for the upstream gradient <c>gy</c>.</summary>
internal static class OpGolden
{
    /// <summary>Every tensor of the fixture must be used.</summary>
    /// <param name="fixture">Its name: <c>ops/silu</c>.</param>
    /// <param name="op">From the fixture's settings and the inputs to the result.</param>
    /// <param name="channelsLast">True when the first input and the result are stored channels-first.</param>
    /// <param name="inputs">Names of the inputs, all with gradients.</param>
    public static void Check(
        string fixture, Func<JsonElement, Tensor[], Tensor> op, bool channelsLast, params string[] inputs)
    {
        using var scope = Scope.Open();
        using var golden = new GoldenFixture(fixture);
        var leaves = new Tensor[inputs.Length];
        for (var i = 0; i < inputs.Length; i++)
        {
            leaves[i] = channelsLast && i == 0 ? golden.Images(inputs[i]) : golden[inputs[i]].Clone();
            leaves[i].RequiresGrad = true;
        }
        var y = op(golden.Meta, leaves);
        y.Backward(channelsLast ? golden.Images("gy") : golden["gy"].Clone());
        if (channelsLast) golden.CheckImages("y", y);
        else golden.Check("y", y);
        for (var i = 0; i < inputs.Length; i++)
        {
            if (channelsLast && i == 0) golden.CheckImages($"grad_{inputs[i]}", leaves[i].Grad!);
            else golden.Check($"grad_{inputs[i]}", leaves[i].Grad!);
        }
        golden.AssertAllUsed();
    }
}
