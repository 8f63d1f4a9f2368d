using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>A convolution of the Inception network with its batch normalisation and ReLU. State: <c>conv.weight</c>,
/// and <c>bn</c> as <see cref="BatchNorm2d"/> has it.</summary>
internal sealed class InceptionConv : Layer
{
    private const float Epsilon = 1e-3f;

    private readonly Conv2d conv;
    private readonly BatchNorm2d norm;

    /// <param name="inChannels">Channels of the input.</param>
    /// <param name="step">What it is.</param>
    public InceptionConv(int inChannels, InceptionStep step)
    {
        conv = Child("conv",
            new Conv2d(inChannels, step.Channels, step.Kernel, step.Stride, step.Padding, bias: false));
        norm = Child("bn", new BatchNorm2d(step.Channels, Epsilon));
    }

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x)
    {
        using var scope = Scope.Open();
        return scope.Keep(norm.Forward(conv.Forward(x)).Relu());
    }
}
