using TorchSharp;
using static TorchSharp.torch;

namespace Diffract.Peers;

/// <summary>The linear schedule of 1,000 steps (Ho et al. 2020) and the hybrid loss of a learnt variance (Nichol and
/// Dhariwal 2021).</summary>
internal sealed class Diffusion
{
    private const int Steps = 1000;

    private readonly Tensor signal, noiseScale, startFromX, startFromNoise, meanOfStart, meanOfX, logSmall, logLarge;

    public Diffusion()
    {
        double[] beta = [.. Enumerable.Range(0, Steps).Select(i => 1e-4 + (2e-2 - 1e-4) * i / (Steps - 1))];
        var (bar, before) = (new double[Steps], new double[Steps]);
        for (var i = 0; i < Steps; i++)
        {
            before[i] = i == 0 ? 1 : bar[i - 1];
            bar[i] = before[i] * (1 - beta[i]);
        }
        Tensor Table(Func<int, double> value) =>
            tensor(Enumerable.Range(0, Steps).Select(i => (float)value(i)).ToArray()).DetachFromDisposeScope();
        double Variance(int i) => beta[i] * (1 - before[i]) / (1 - bar[i]);
        signal = Table(i => Math.Sqrt(bar[i]));
        noiseScale = Table(i => Math.Sqrt(1 - bar[i]));
        startFromX = Table(i => Math.Sqrt(1 / bar[i]));
        startFromNoise = Table(i => Math.Sqrt(1 / bar[i] - 1));
        meanOfStart = Table(i => beta[i] * Math.Sqrt(before[i]) / (1 - bar[i]));
        meanOfX = Table(i => (1 - before[i]) * Math.Sqrt(1 - beta[i]) / (1 - bar[i]));
        // The posterior of step 0 has no variance: its logarithm is step 1's.
        logSmall = Table(i => Math.Log(Variance(Math.Max(i, 1))));
        logLarge = Table(i => Math.Log(beta[i]));
    }

    /// <summary>[N]: squared error of the noise, and the bound's term, which trains the variance alone.</summary>
    public Tensor Losses(Adm network, Tensor start, Tensor t, Tensor noise)
    {
        Tensor At(Tensor table) => table[t].reshape(-1, 1, 1, 1);
        var x = At(signal) * start + At(noiseScale) * noise;
        var parts = network.Forward(x, t).chunk(2, 1);
        var mse = (noise - parts[0]).square().mean([1, 2, 3]);
        var guess = At(startFromX) * x - At(startFromNoise) * parts[0].detach();
        var (ofStart, ofX, small, share) = (At(meanOfStart), At(meanOfX), At(logSmall), (parts[1] + 1) / 2);
        var (truth, mean) = (ofStart * start + ofX * x, ofStart * guess + ofX * x);
        var logVariance = share * At(logLarge) + (1 - share) * small;
        var ratio = small - logVariance;
        var divergence = 0.5 * (ratio.exp() - 1 - ratio + (truth - mean).square() * (-logVariance).exp());
        var bound = divergence.mean([1, 2, 3]);
        var first = t.eq(0);
        if (first.any().item<bool>())
            bound = where(first, -LogLikelihood(start, mean, 0.5 * logVariance).mean([1, 2, 3]), bound);
        return mse + bound / Math.Log(2);
    }

    /// <summary>Of bytes mapped to [-1, 1], under a normal distribution cut into bins (Ho et al. 2020, equation 13).
    /// </summary>
    private static Tensor LogLikelihood(Tensor x, Tensor mean, Tensor logScale)
    {
        Tensor Below(double edge)
        {
            var z = (x - mean + edge) * (-logScale).exp();
            return 0.5 * (1 + (Math.Sqrt(2 / Math.PI) * (z + 0.044715 * z.pow(3))).tanh());
        }
        var (upper, lower) = (Below(1 / 255.0), Below(-1 / 255.0));
        var mass = where(x.lt(-0.999), upper, where(x.gt(0.999), 1 - lower, upper - lower));
        return mass.clamp_min(1e-12).log();
    }
}
