using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Numbers for parameters that nobody has trained yet.</summary>
internal static class Fill
{
    public static void WithZeros(Parameter? parameter) => WithConstant(parameter, 0);

    public static void WithConstant(Parameter? parameter, double value)
    {
        if (parameter is null) return;
        using var scope = Scope.Open();
        parameter.Assign(Tensor.Full(parameter.Shape, value, parameter.DType));
    }

    public static void WithNormal(Parameter parameter, Generator generator, double deviation = 1)
    {
        using var scope = Scope.Open();
        parameter.Assign(Tensor.Normal(parameter.Shape, 0, deviation, generator));
    }

    /// <summary>Uniform in +-1/sqrt(fan in), PyTorch's default for linear and convolution layers, bias included.
    /// </summary>
    public static void ByFanIn(Parameter? parameter, long fanIn, Generator generator)
    {
        if (parameter is null) return;
        var bound = 1 / Math.Sqrt(fanIn);
        using var scope = Scope.Open();
        parameter.Assign(Tensor.Uniform(parameter.Shape, -bound, bound, generator));
    }
}
