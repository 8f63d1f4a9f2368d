using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>What the norms and their neighbours share: optional parameters and their gradients.</summary>
internal static class Norms
{
    /// <summary>Memory for the gradient of an input, when one is wanted.</summary>
    public static Tensor? GradientOf(OpContext context, int index, Tensor? input) =>
        input is not null && context.Needs(index) ? Tensor.Empty(input.Shape, input.DType, input.Device) : null;

    /// <summary>A kernel's view of an optional tensor.</summary>
    public static View ViewOf(Tensor? tensor) => tensor?.View ?? default;

    /// <summary>The type of a norm's parameters and statistics as its kernels take them.</summary>
    public static DType ParameterType(Tensor x) => x.DType.IsHalf() ? DType.Float32 : x.DType;

    /// <summary>A 16-bit parameter in float32; others as they are.</summary>
    public static Tensor? Wide(Tensor? parameter) =>
        parameter is not null && parameter.DType.IsHalf() ? parameter.To(DType.Float32) : parameter;

    /// <summary>Hands over the gradients that were calculated, in the order of the inputs and in their types.</summary>
    public static void Set(OpContext context, params ReadOnlySpan<Tensor?> gradients)
    {
        for (var i = 0; i < gradients.Length; i++)
            if (gradients[i] is { } gradient) context.SetGrad(i, gradient.To(context.TypeOf(i)));
    }

    /// <summary>A length as a kernel takes it.</summary>
    public static int Length(long length, string what) => length <= int.MaxValue
        ? (int)length
        : throw new ShapeException($"{length} {what} are more than an operation can take (2^31-1)");

    /// <summary>Checks an optional parameter against what the operation needs.</summary>
    public static void CheckParameter(string op, string name, Tensor? parameter, Shape shape, DType dtype)
    {
        if (parameter is null) return;
        if (parameter.Shape != shape)
            throw new ShapeException($"{op}: {name} must be {shape}, found {parameter.Shape}");
        if (parameter.DType != dtype)
            throw new DTypeException(
                $"{op}: {name} is {parameter.DType}, the input {dtype}; convert one with To(dtype)");
    }
}
