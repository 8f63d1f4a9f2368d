using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Benchmarks.Baseline;

/// <summary>The published 64-pixel network with 64 channels and no labels, one image, no gradient.</summary>
internal sealed class NetworkWork : Work
{
    private readonly UNet network = new(UNetPresets.ImageNet64 with { ModelChannels = 64, NumClasses = null });
    private readonly Tensor x, timesteps = Tensor.Full([1], 150f);

    public NetworkWork()
    {
        var generator = new Generator(1);
        network.Initialise(generator);
        network.Eval();
        network.RequiresGrad(false);
        x = Tensor.Randn([1, 64, 64, 3], generator);
    }

    public override double Seconds()
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        return Time(() => network.Forward(x, timesteps));
    }

    public override void Dispose()
    {
        network.Dispose();
        x.Dispose();
        timesteps.Dispose();
    }
}
