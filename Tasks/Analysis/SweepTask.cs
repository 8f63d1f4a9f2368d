using System.Text.Json;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Trains linear probes of all timesteps, blocks, poolings and learning rates at once, in a run folder.
/// </summary>
/// <param name="run">The folder; its checkpoints are gone on from.</param>
/// <param name="recipe">What to do.</param>
/// <param name="source">Features and labels.</param>
/// <param name="device">Where the probes are trained.</param>
public sealed class SweepTask(RunFolder run, SweepRecipe recipe, IFeatureSource source, Device device)
{
    private const string Kind = "sweep/1";

    /// <summary>Trains to the end, from the last checkpoint if there is one.</summary>
    /// <param name="progress">Says how far it is.</param>
    /// <param name="cancellation">Stops between two steps, after writing a checkpoint.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; running again goes on.</exception>
    /// <exception cref="DiffractException">The data do not suit training, or are not those that it began with.
    /// </exception>
    /// <exception cref="RunException">Another process works on the run.</exception>
    public SweepResult Run(IRunProgress progress, CancellationToken cancellation = default)
    {
        using var hold = run.Hold();
        FeatureFingerprint.Check(run, source);
        var all = LabelChoice.Items(source, null, recipe.Seed);
        var (train, validation) = HoldOut.Of(source, all, recipe.Validation, recipe.Seed);
        using var bank = new ProbeBank(source, recipe.Pools, recipe.Rates, recipe.Training, device);
        var epochs = new List<SweepEpoch>();
        if (run.Checkpoints.Latest is { } checkpoint)
        {
            var (state, text) = StateFile.Load(checkpoint.Path, Kind);
            bank.Load(state);
            epochs.AddRange(JsonSerializer.Deserialize(text["epochs"], SweepJson.Default.ListSweepEpoch)!);
            foreach (var tensor in state.Tensors.Values) tensor.Dispose();
            progress.Say($"going on after epoch {bank.Epoch} of {recipe.Epochs}");
        }
        using var log = MetricsLog.Open(run, epochs.Count, hold);
        using var bar = progress.Begin($"{bank.Cells.Count} probes at {recipe.Rates.Count} rates",
            (long)recipe.Epochs * train.Count, "images",
            (long)bank.Epoch * train.Count + (long)bank.BatchesDone * recipe.Batch);
        var saves = new SaveTimer();
        while (epochs.Count < recipe.Epochs)
        {
            try
            {
                // A run that was stopped while it validated has the epoch behind it, but not its score.
                if (bank.Epoch == epochs.Count)
                {
                    bank.RunEpoch(train, n =>
                    {
                        bar.Advance(n);
                        saves.WhenDue(() => Save(bank, epochs, train.Count));
                    }, cancellation);
                    saves.WhenDue(() => Save(bank, epochs, train.Count));
                }
                var (right, images) = bank.Score(source, validation, cancellation: cancellation);
                if (images == 0) throw HeadEvaluation.Unreadable(validation.Count, source);
                epochs.Add(new SweepEpoch(images, right, bank.Losses()));
            }
            catch (OperationCanceledException)
            {
                Save(bank, epochs, train.Count);
                throw;
            }
            var best = (double)epochs[^1].Right.Max(r => r.Max()) / epochs[^1].Images;
            bar.Advance(0, $"best {best:p1}");
            log.Append(bank.Epoch, ("best_val_top1", best));
            Save(bank, epochs, train.Count);
        }
        return SweepResult.Of(bank.Cells, recipe.Rates, epochs);
    }

    private void Save(ProbeBank bank, List<SweepEpoch> epochs, int images) => run.Checkpoints.Save(
        (long)bank.Epoch * ((images + recipe.Batch - 1) / recipe.Batch) + bank.BatchesDone,
        path => StateFile.Save(path, bank.Save(), Kind, new Dictionary<string, string>
        {
            ["epochs"] = JsonSerializer.Serialize(epochs, SweepJson.Default.ListSweepEpoch),
        }));
}
