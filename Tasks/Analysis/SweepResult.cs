using System.Globalization;

namespace Diffract.Tasks;

/// <summary>How the probes of one timestep, block and pooling did with their best learning rate.</summary>
/// <param name="Timestep">0-based.</param>
/// <param name="Block">1-based.</param>
/// <param name="Pool">Side the map was averaged to.</param>
/// <param name="LearningRate">The best rate; of equals the first.</param>
/// <param name="Epoch">Its best epoch, counted from 1; of equals the first.</param>
/// <param name="Accuracy">Top-1 on the held-out images then.</param>
/// <param name="EachRate">Top-1 of every rate in its best epoch, 0 to 1; NaN where training diverged.</param>
public sealed record SweepCell(int Timestep, int Block, int Pool, double LearningRate, int Epoch, Proportion Accuracy,
    IReadOnlyList<double> EachRate)
{
    /// <summary>"t 50, block 7, 4x4, learning rate 0.001, epoch 12".</summary>
    public override string ToString() =>
        $"{new ProbeCell(Timestep, Block, Pool)}, learning rate {LearningRate:g}, epoch {Epoch}";
}

/// <summary>What a sweep found.</summary>
/// <param name="Best">The cell with the highest accuracy; of equals the first.</param>
/// <param name="Cells">All cells, timestep by timestep, block by block, pool by pool.</param>
/// <param name="BestCurve">Top-1 of the best cell's probe after each epoch, 0 to 1.</param>
/// <param name="BestLoss">Its training loss in each epoch.</param>
public sealed record SweepResult(SweepCell Best, IReadOnlyList<SweepCell> Cells, IReadOnlyList<double> BestCurve,
    IReadOnlyList<double> BestLoss)
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<SweepResult> Json =>
        SweepJson.Default.SweepResult;

    /// <summary>The cells as a table for other programs, a header line first.</summary>
    public string ToCsv() => string.Concat(
    [
        "timestep,block,pool,learning_rate,epoch,right,images,top1\n",
        .. Cells.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Timestep},{c.Block},{c.Pool},"
            + $"{c.LearningRate:r},{c.Epoch},{c.Accuracy.Successes},{c.Accuracy.Trials},{c.Accuracy.Value:r}\n")),
    ]);

    /// <summary>Chooses from what every epoch gave.</summary>
    /// <param name="cells">What the probes read.</param>
    /// <param name="rates">Their learning rates.</param>
    /// <param name="epochs">At least one epoch.</param>
    internal static SweepResult Of(
        IReadOnlyList<ProbeCell> cells, IReadOnlyList<double> rates, IReadOnlyList<SweepEpoch> epochs)
    {
        SweepCell[] all = [.. cells.Select((cell, i) => Choose(cell, i, rates, epochs))];
        var best = all.MaxBy(c => c.Accuracy.Successes)!;
        var at = Array.IndexOf(all, best);
        var rate = Enumerable.Range(0, rates.Count).First(r => rates[r] == best.LearningRate);
        return new SweepResult(best, all, [.. epochs.Select(e => (double)e.Right[at][rate] / e.Images)],
            [.. epochs.Select(e => e.Loss[at][rate])]);
    }

    private static SweepCell Choose(
        ProbeCell cell, int i, IReadOnlyList<double> rates, IReadOnlyList<SweepEpoch> epochs)
    {
        // A probe that has diverged names nothing, whatever its NaNs compare to.
        long Right(int epoch, int rate) => double.IsFinite(epochs[epoch].Loss[i][rate])
            ? epochs[epoch].Right[i][rate]
            : -1;
        var (images, every) = (epochs[0].Images, Enumerable.Range(0, epochs.Count).ToArray());
        var tries = Enumerable.Range(0, rates.Count)
            .Select(r => (Rate: r, Epoch: every.MaxBy(e => Right(e, r)))).ToArray();
        var best = tries.MaxBy(t => Right(t.Epoch, t.Rate));
        return new SweepCell(cell.Timestep, cell.Block, cell.Pool, rates[best.Rate], best.Epoch + 1,
            new Proportion(Math.Max(0, Right(best.Epoch, best.Rate)), images),
            [.. tries.Select(t => Right(t.Epoch, t.Rate) is >= 0 and var right ? (double)right / images
                : double.NaN)]);
    }
}

/// <summary>One epoch of all probes.</summary>
/// <param name="Images">Held-out images.</param>
/// <param name="Right">How many of them each probe named rightly, [cell][rate].</param>
/// <param name="Loss">Its mean cross-entropy while training, [cell][rate].</param>
internal sealed record SweepEpoch(int Images, long[][] Right, double[][] Loss);
