using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Benchmarks.Worker;

/// <summary>One step of sampling 32 images by DDIM in 50 steps, with the network of <see cref="PretrainCase.Small"/>.
/// Its check is the root mean square of the images after each of the first three steps.</summary>
internal sealed class SampleCase : PeerCase
{
    private readonly UNet network = new(PretrainCase.SmallRecipe.NetworkConfig(null));
    private readonly Tensor noise;
    private readonly DdimSampler sampler = new(PretrainCase.SmallRecipe.Diffusion.Make("ddim50"));
    private IEnumerator<SamplingStep> steps;

    public SampleCase(WorkerMode mode)
    {
        PeerNumbers.Assign(network);
        network.RequiresGrad(false);
        network.Eval();
        mode.ApplyTo(network);
        network.To(mode.Device);
        var (batch, size) = (PretrainCase.SmallRecipe.Batch, PretrainCase.SmallRecipe.ImageSize);
        noise = PeerNumbers.Maps("x", batch, 3, [size, size]).To(mode.Device);
        steps = Begin();
    }

    /// <summary>The images are others after every step.</summary>
    public override bool Trains => true;

    public override double[] Check()
    {
        var found = new double[3];
        for (var i = 0; i < found.Length; i++)
        {
            Run();
            var values = steps.Current.Sample.ToArray<float>();
            found[i] = Math.Sqrt(values.Sum(value => (double)value * value) / values.Length);
        }
        return found;
    }

    public override void Run()
    {
        if (steps.MoveNext()) return;
        steps.Dispose();
        steps = Begin();
        steps.MoveNext();
    }

    public override void Dispose()
    {
        steps.Dispose();
        noise.Dispose();
        network.Dispose();
    }

    private IEnumerator<SamplingStep> Begin() =>
        sampler.Steps(network.AsDenoiser(), noise, Sampler.NoiseOf(new Generator(0))).GetEnumerator();
}
