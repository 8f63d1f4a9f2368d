using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Benchmarks.Networks;

/// <summary>The unconditional 256-pixel network with random numbers, and a picture.</summary>
internal sealed class Adm256 : IDisposable
{
    private readonly UNet network = new(UNetPresets.ImageNet256Unconditional);
    private readonly Tensor x, timesteps;

    public Adm256()
    {
        var generator = new Generator(1);
        network.Initialise(generator);
        network.Eval();
        network.RequiresGrad(false);
        x = Tensor.Randn([1, 256, 256, 3], generator);
        timesteps = Tensor.Full([1], 150f);
    }

    /// <summary>One forward, as far as the taps need it.</summary>
    public void Run(Taps taps)
    {
        using var no = GradMode.No();
        network.Run(x, timesteps, taps: taps).Dispose();
    }

    public void Dispose()
    {
        network.Dispose();
        x.Dispose();
        timesteps.Dispose();
    }
}
