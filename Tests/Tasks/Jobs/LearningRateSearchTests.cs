using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Candidates that share frozen features learn what each would alone.</summary>
internal sealed class LearningRateSearchTests
{
    private static readonly double[] rates = [1e-3, 1e-1, 1e38];

    private static TrainRecipe Recipe => new()
    {
        Batch = 4,
        Seed = 3,
        Epochs = 3,
        SearchEpochs = 2,
        SearchRates = rates,
        Head = new HeadRecipe { Kind = "linear", Pool = 1 },
        Optimiser = new OptimiserRecipe { Optimiser = "sgd" },
    };

    [Test]
    public void Each_candidate_is_what_it_would_be_alone_and_features_are_made_once()
    {
        using var source = new Counting(14);
        int[] train = [.. Enumerable.Range(0, 10)], held = [10, 11, 12, 13];

        var tried = LearningRateSearch.Run(source, Recipe, train, held, RunProgress.None);

        Assert.That(source.Asked, Is.EqualTo(2 * train.Length + held.Length));
        Assert.That(tried.Select(t => t.LearningRate), Is.EqualTo(rates));
        foreach (var found in tried.Take(2))
        {
            using var alone = new HeadTraining(source, Recipe, found.LearningRate);
            for (var epoch = 0; epoch < Recipe.SearchEpochs; epoch++) alone.RunEpoch(train);
            var score = HeadEvaluation.Run(alone.Head, source, held, Recipe.Batch);
            Assert.That((found.Accuracy, found.Loss), Is.EqualTo((score.Accuracy, score.Loss)));
        }
        Assert.That((tried[2].Accuracy, tried[2].Loss), Is.EqualTo((0.0, double.NaN)), "it diverged");
    }

    [Test]
    public void Heads_on_the_same_features_go_on_from_a_stop_together()
    {
        using var source = new Counting(10);
        int[] all = [.. Enumerable.Range(0, 10)];
        using var one = new HeadTraining(source, Recipe, rates[0]);
        using var two = new HeadTraining(source, Recipe, rates[1]);
        using var stop = new CancellationTokenSource();
        Assert.That(() => HeadTraining.RunEpoch([one, two], all, (_, _) => stop.Cancel(), stop.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That((one.BatchesDone, two.BatchesDone), Is.EqualTo((1, 1)));
        HeadTraining.RunEpoch([one, two], all);

        using var straight = new HeadTraining(source, Recipe, rates[1]);
        straight.RunEpoch(all);
        Assert.That(two.Head.StateDict()["fcs.0.weight"].ToArray<float>(),
            Is.EqualTo(straight.Head.StateDict()["fcs.0.weight"].ToArray<float>()));
        Assert.That(two.MeanLoss, Is.EqualTo(straight.MeanLoss));
    }

    // Random maps of three classes; counts the images that it was asked for.
    private sealed class Counting(int count) : IFeatureSource
    {
        private readonly FeatureTable table = new(new FeatureSpec([10], [1]),
            [[Tensor.Randn([count, 1, 4, 4, 4], new Generator(1))]],
            [.. Enumerable.Range(0, count).Select(i => i % 3L)], ["a", "b", "c"],
            [.. Enumerable.Range(0, count).Select(i => $"{i}")]);

        public int Asked { get; private set; }

        public FeatureSpec Spec => table.Spec;

        public IReadOnlyList<FeatureInfo> Blocks => table.Blocks;

        public IReadOnlyList<string> Classes => table.Classes;

        public int Count => table.Count;

        public FeatureOrigin Origin => table.Origin;

        public int Label(int index) => table.Label(index);

        public string Id(int index) => table.Id(index);

        public IEnumerable<LabelledFeatures> Batches(IReadOnlyList<int> items, FeaturePass pass,
            CancellationToken cancellation = default) => table.Batches(items, pass, cancellation).Select(batch =>
            {
                Asked += batch.Items.Count;
                return batch;
            });

        public void Dispose() => table.Dispose();
    }
}
