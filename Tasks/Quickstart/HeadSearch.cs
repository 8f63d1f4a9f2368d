using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Finds the best linear and attention head for one representation on few labels.</summary>
internal sealed class HeadSearch(
    QuickstartRecipe recipe, Representation representation, ulong seed, int size, int batch, Engine.Device device)
{
    private const int AttentionPool = 8;

    public (IReadOnlyList<HeadChoice> Heads, IReadOnlyList<GridPoint> Grid) Run(Subset labelled, Subset validation,
        ImageDataset test, IRunProgress progress, CancellationToken cancellation)
    {
        var grid = Grid(labelled, validation, progress, cancellation);
        var best = grid.OrderByDescending(p => p.Validation).First();
        var spec = new FeatureSpec([best.Timestep], [best.Block]);
        var side = Math.Max(best.Pool, AttentionPool);
        using var few = Extract(labelled, spec, recipe.Draws, side, "labelled images", progress, cancellation);
        using var held = Extract(validation, spec, 1, side, "validation images", progress, cancellation);
        using var scored = Extract(test, spec, 1, side, "test images", progress, cancellation);
        var linear = new HeadRecipe { Kind = "linear", Pool = best.Pool };
        var attention = new HeadRecipe { Kind = "attention", Pool = AttentionPool, Width = 64, Heads = 4, Layers = 1 };
        return ([
            Choose(linear, recipe.LinearEpochs, best, few, held, scored, progress, cancellation),
            Choose(attention, recipe.AttentionEpochs, best with { Pool = AttentionPool }, few, held, scored, progress,
                cancellation),
        ], grid);
    }

    private List<GridPoint> Grid(
        Subset labelled, Subset validation, IRunProgress progress, CancellationToken cancellation)
    {
        var spec = new FeatureSpec(representation.Timesteps, representation.Blocks);
        var side = representation.Pools.Max();
        using var few = Extract(labelled, spec, 1, side, "features of labelled images", progress, cancellation);
        using var held = Extract(validation, spec, 1, side, "features of validation images", progress, cancellation);
        using var bar = progress.Begin($"{representation.Name}: linear heads", recipe.LinearEpochs, "epochs");
        using var bank = new ProbeBank(few, representation.Pools, [recipe.SearchLearningRate],
            Training(recipe.LinearEpochs, few.Count), device);
        for (var epoch = 0; epoch < recipe.LinearEpochs; epoch++)
        {
            bank.RunEpoch(All(few), cancellation: cancellation);
            bar.Advance();
        }
        var (right, images) = bank.Score(held, All(held), cancellation: cancellation);
        return [.. bank.Cells.Select((c, i) =>
            new GridPoint(c.Timestep, c.Block, c.Pool, (double)right[i][0] / images))];
    }

    private HeadChoice Choose(HeadRecipe head, int epochs, GridPoint point, FeatureTable few, FeatureTable held,
        FeatureTable scored, IRunProgress progress, CancellationToken cancellation)
    {
        using var bar = progress.Begin($"{representation.Name}: {head.Kind} head",
            recipe.LearningRates.Count * (long)epochs, "epochs");
        HeadTraining? best = null;
        double bestAccuracy = -1;
        try
        {
            foreach (var rate in recipe.LearningRates)
            {
                var training = Train(head, epochs, rate, few, cancellation, () => bar.Advance());
                var accuracy = Accuracy(training.Head, held, cancellation);
                if (accuracy > bestAccuracy) (best, training, bestAccuracy) = (training, best, accuracy);
                training?.Dispose();
            }
            var test = HeadEvaluation.Run(best!.Head, scored, All(scored), 200, cancellation: cancellation);
            return new HeadChoice(seed, representation.Name, head.Kind, point, best.LearningRate, bestAccuracy,
                test.Classes.Top1);
        }
        finally
        {
            best?.Dispose();
        }
    }

    private HeadTraining Train(HeadRecipe head, int epochs, double rate, FeatureTable few,
        CancellationToken cancellation, Action? onEpoch = null)
    {
        var training = new HeadTraining(few, Training(epochs, batch) with { Head = head }, rate, device);
        try
        {
            for (var epoch = 0; epoch < epochs; epoch++)
            {
                training.RunEpoch(All(few), cancellation: cancellation);
                onEpoch?.Invoke();
            }
            return training;
        }
        catch
        {
            training.Dispose();
            throw;
        }
    }

    private TrainRecipe Training(int epochs, int batchSize) => new()
    {
        Optimiser = OptimiserRecipe.Paper with { StepEpochs = Math.Max(1, epochs / 3) },
        Epochs = epochs,
        Batch = batchSize,
        Seed = seed,
    };

    private static double Accuracy(Head head, FeatureTable features, CancellationToken cancellation) =>
        HeadEvaluation.Run(head, features, All(features), 200, cancellation: cancellation).Accuracy;

    private static int[] All(FeatureTable features) => [.. Enumerable.Range(0, features.Count)];

    private FeatureTable Extract(ImageDataset data, FeatureSpec spec, int draws, int side, string what,
        IRunProgress progress, CancellationToken cancellation)
    {
        using var bar = progress.Begin($"{representation.Name}: {what}", data.Count, "images");
        return new FeatureRows(representation.Backbone, spec, draws, seed, side, Engine.DType.Float32)
            .Table(data, size, batch, n => bar.Advance(n), cancellation);
    }
}
