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
        var points = new List<GridPoint>();
        using var bar = progress.Begin($"{representation.Name}: linear heads",
            (long)spec.Timesteps.Count * spec.Blocks.Count * representation.Pools.Count, "heads");
        foreach (var t in spec.Timesteps)
            foreach (var b in spec.Blocks)
                foreach (var pool in representation.Pools)
                {
                    using var fewHere = few.Select(t, b);
                    using var heldHere = held.Select(t, b);
                    var head = new HeadRecipe { Kind = "linear", Pool = pool };
                    using var trained = Train(head, recipe.LinearEpochs, recipe.SearchLearningRate, few.Count, fewHere,
                        cancellation);
                    points.Add(new GridPoint(t, b, pool, Accuracy(trained.Head, heldHere, cancellation)));
                    bar.Advance(1, $"best {points.Max(p => p.Validation):p1}");
                }
        return points;
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
                var training = Train(head, epochs, rate, batch, few, cancellation, () => bar.Advance());
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

    private HeadTraining Train(HeadRecipe head, int epochs, double rate, int batchSize, FeatureTable few,
        CancellationToken cancellation, Action? onEpoch = null)
    {
        var training = new HeadTraining(few, new TrainRecipe
        {
            Head = head,
            Optimiser = OptimiserRecipe.Paper with { StepEpochs = Math.Max(1, epochs / 3) },
            Epochs = epochs,
            Batch = batchSize,
            Seed = seed,
        }, rate, device);
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
