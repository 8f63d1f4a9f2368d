using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Chooses steps in proportion to the root mean square of their last losses, which makes the gradient less
/// noisy where losses differ much from step to step, as those of the variational bound do (Nichol and Dhariwal 2021,
/// eq. 18). Uniform until every step has a full history.</summary>
public sealed class LossSecondMomentSampler : TimestepSampler, IStateful, IDisposable
{
    private readonly Tensor history;
    private readonly Tensor counts;

    /// <summary>Starts without a history.</summary>
    /// <param name="steps">Number of steps to choose from.</param>
    /// <param name="historyPerTerm">Losses remembered for each step.</param>
    /// <param name="uniformProb">Share of choices that stays uniform.</param>
    public LossSecondMomentSampler(int steps, int historyPerTerm = 10, double uniformProb = 0.001) : base(steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(historyPerTerm, 1);
        (HistoryPerTerm, UniformProb) = (historyPerTerm, uniformProb);
        history = Scope.Detach(Tensor.From(new double[(long)steps * historyPerTerm], [steps, historyPerTerm]));
        counts = Scope.Detach(Tensor.From(new long[steps]));
    }

    /// <summary>Losses remembered for each step.</summary>
    public int HistoryPerTerm { get; }

    /// <summary>Share of choices that stays uniform.</summary>
    public double UniformProb { get; }

    /// <summary>True once every step has a full history.</summary>
    public bool IsWarmedUp => !counts.AsSpan<long>().ContainsAnyExcept(HistoryPerTerm);

    /// <inheritdoc/>
    public override double[] Weights()
    {
        var weights = new double[Steps];
        Array.Fill(weights, 1);
        if (!IsWarmedUp) return weights;
        for (var t = 0; t < Steps; t++)
        {
            double squares = 0;
            foreach (var loss in Of(t)) squares += loss * loss;
            weights[t] = Math.Sqrt(squares / HistoryPerTerm);
        }
        var sum = weights.Sum();
        // Without any loss there is nothing to prefer.
        return Array.ConvertAll(weights, weight =>
            (sum == 0 ? 1.0 / Steps : weight / sum) * (1 - UniformProb) + UniformProb / Steps);
    }

    /// <summary>Remembers the losses of a batch, the oldest ones go.</summary>
    /// <param name="t">One step a sample.</param>
    /// <param name="losses">The unweighted loss of each.</param>
    public void Update(IReadOnlyList<int> t, IReadOnlyList<double> losses)
    {
        if (t.Count != losses.Count) throw new ArgumentException($"{t.Count} steps, but {losses.Count} losses");
        for (var i = 0; i < t.Count; i++)
        {
            var own = Of(t[i]);
            ref var count = ref counts.AsSpan<long>()[t[i]];
            if (count < HistoryPerTerm)
            {
                own[(int)count++] = losses[i];
                continue;
            }
            own[1..].CopyTo(own);
            own[^1] = losses[i];
        }
    }

    /// <inheritdoc/>
    public SavedState SaveState()
    {
        var saved = new SavedState();
        saved.Tensors["history"] = history;
        saved.Tensors["counts"] = counts;
        return saved;
    }

    /// <inheritdoc/>
    public void LoadState(SavedState state)
    {
        new StateCheck(state).Tensor("history", history).Tensor("counts", counts).ThrowIfWrong();
        history.CopyFrom<double>(state.Tensors["history"].ToArray<double>());
        counts.CopyFrom<long>(state.Tensors["counts"].ToArray<long>());
    }

    /// <summary>Releases the history.</summary>
    public void Dispose()
    {
        history.Dispose();
        counts.Dispose();
    }

    private Span<double> Of(int t) => history.AsSpan<double>().Slice(t * HistoryPerTerm, HistoryPerTerm);
}
