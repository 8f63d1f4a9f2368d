using Diffract.Autograd;
using Diffract.Cases;
using Diffract.Engine;

namespace Diffract.Tests.OpTable;

/// <summary>Gradients of a row's inputs.</summary>
internal static class Gradients
{
    /// <summary>The gradient of every floating-point input, null for the rest; the upstream gradient is the same for
    /// all types.</summary>
    public static double[]?[] Of(OpCase row, DType dtype, Device device)
    {
        // Rounded to float32 first, so that both types start from the same numbers.
        var inputs = row.Make(DType.Float32, Layout.Dense, device);
        for (var i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] is not { } input || !input.DType.IsFloating()) continue;
            inputs[i] = input.To(dtype).Detach();
            inputs[i]!.RequiresGrad = true;
        }
        var y = row.Run(inputs);
        var upstream = new Random(5);
        var dy = new float[y.Count];
        for (var i = 0; i < dy.Length; i++) dy[i] = (float)(0.25 + upstream.NextDouble());
        y.Backward(Tensor.From(dy, y.Shape).To(y.DType).To(device));
        return [.. inputs.Select(i => i?.Grad is { } grad ? Naive.Of(grad.To(Device.Cpu)).Values : null)];
    }
}
