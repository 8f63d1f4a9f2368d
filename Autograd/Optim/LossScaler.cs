using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>The dynamic loss scale of half-precision training, as guided-diffusion's trainer keeps it: the loss is
/// multiplied by 2^s so that small gradients survive in 16 bits; s grows a little after every good step, and falls
/// after a step whose gradients overflowed, which is skipped.
/// <code>
/// scaler.Scale(loss).Backward();
/// if (scaler.Unscale(optimizer.Parameters)) optimizer.Step();
/// optimizer.ZeroGrad();
/// </code></summary>
/// <param name="start">First exponent s; guided-diffusion starts classifiers at 16.</param>
/// <param name="growth">Added to s after a good step.</param>
/// <param name="backoff">Taken from s after an overflow.</param>
/// <param name="maxSkips">Overflows in a row that are taken for a broken run and raise an error.</param>
public sealed class LossScaler(double start = 20, double growth = 0.001, double backoff = 1, int maxSkips = 100)
    : IStateful
{
    private int skips;

    /// <summary>The exponent s; the scale is 2^s.</summary>
    public double LogScale { get; private set; } = start;

    /// <summary>The scale, 2^s.</summary>
    public double Value => Math.Pow(2, LogScale);

    /// <summary>The loss times the scale: what backward starts from. In float32, which the scale does not overflow.
    /// </summary>
    public Tensor Scale(Tensor loss)
    {
        using var scope = Scope.Open();
        return scope.Keep((loss.DType.IsHalf() ? loss.To(DType.Float32) : loss) * Value);
    }

    /// <summary>Divides the gradients by the scale and adjusts it. When they have overflowed they are left as they
    /// are, and the step must be skipped.</summary>
    /// <returns>True when the step may be made.</returns>
    /// <exception cref="AnomalyException">Too many steps in a row have overflowed.</exception>
    public bool Unscale(IEnumerable<Tensor> parameters) => Unscale(parameters, out _);

    /// <inheritdoc cref="Unscale(IEnumerable{Tensor})"/>
    /// <param name="parameters">Their gradients are divided.</param>
    /// <param name="norm">Length of all gradients once they are divided; not finite when they have overflowed.</param>
    public bool Unscale(IEnumerable<Tensor> parameters, out double norm)
    {
        var all = parameters.ToList();
        var scale = Value;
        norm = ClipGrad.TotalNorm(all) / scale;
        if (double.IsFinite(norm)) ClipGrad.Multiply(all, 1 / scale);
        return Update(norm);
    }

    /// <summary>Adjusts the scale after a backward whose gradients have this norm.</summary>
    /// <returns>True when the step may be made, false when it must be skipped.</returns>
    /// <exception cref="AnomalyException">Too many steps in a row have overflowed.</exception>
    public bool Update(double gradientNorm)
    {
        if (double.IsFinite(gradientNorm))
        {
            LogScale += growth;
            skips = 0;
            return true;
        }
        LogScale -= backoff;
        if (++skips >= maxSkips)
            throw new AnomalyException($"the gradients of {skips} steps in a row were not finite and the loss scale "
                + $"fell to 2^{LogScale:0.###}: this is no overflow; run a step inside Anomaly.Detect() to find its "
                + "source");
        return false;
    }

    /// <inheritdoc/>
    public SavedState SaveState()
    {
        var saved = new SavedState();
        saved.Numbers["lg_loss_scale"] = LogScale;
        saved.Numbers["skips"] = skips;
        return saved;
    }

    /// <inheritdoc/>
    public void LoadState(SavedState state)
    {
        new StateCheck(state).Number("lg_loss_scale").Number("skips").ThrowIfWrong();
        LogScale = state.Numbers["lg_loss_scale"];
        skips = (int)state.Numbers["skips"];
    }
}
