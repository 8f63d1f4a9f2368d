using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using Diffract.Tests.Tasks;
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
        using var table = Table(14);
        var source = new WatchedSource(table);
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
    public void No_more_images_are_validated_at_once_than_are_learnt_from()
    {
        using var table = Table(24);
        using var temporary = new TemporaryFolder();
        var recipe = Recipe with { Batch = 6, Microbatch = 2, Validation = 0.4, SearchRates = [1e-3] };
        var source = new WatchedSource(table);
        new TrainTask(Work.Run(temporary["micro"], recipe, TrainRecipe.Json), recipe, source).Run(RunProgress.None);
        Assert.That(source.Largest, Is.EqualTo(2));
    }

    [Test]
    public void A_candidate_that_breaks_in_its_only_step_loses_and_the_others_go_on()
    {
        using var source = Table(12);
        var recipe = Recipe with { SearchEpochs = 1, SearchRates = [1e300, 1e-3] };
        // The loss of the only step was calculated before it.
        var tried = LearningRateSearch.Run(source, recipe, [0, 1, 2, 3], [4, 5, 6, 7, 8, 9], RunProgress.None);
        Assert.That(tried.Select(t => double.IsFinite(t.Loss)), Is.EqualTo(new[] { false, true }));
        Assert.That(LearningRateSearch.Best(tried).LearningRate, Is.EqualTo(1e-3));
        Assert.That(() => LearningRateSearch.Best([tried[0]]), Throws.TypeOf<DiffractException>().With.Message
            .EqualTo("training diverged at every learning rate that was tried (1e+300): give a lower one with --lr"));
    }

    [Test]
    public void A_training_that_diverges_says_so_and_keeps_no_broken_head()
    {
        using var source = Table(12);
        var recipe = Recipe with { Optimiser = new OptimiserRecipe { Optimiser = "sgd", LearningRate = 1e300 } };
        using var temporary = new TemporaryFolder();
        var task = new TrainTask(Work.Run(temporary.Path, recipe, TrainRecipe.Json), recipe, source);
        Assert.That(() => task.Run(RunProgress.None), Throws.TypeOf<DiffractException>().With.Message
            .EqualTo("training diverged in epoch 1: the learning rate 1e+300 is too high. Give a lower one with --lr"));
        Assert.That(File.Exists(task.BestPath), Is.False);
    }

    [Test]
    public void Heads_on_the_same_features_go_on_from_a_stop_together()
    {
        using var source = Table(10);
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

    // Random maps of three classes.
    private static FeatureTable Table(int count) => new(new FeatureSpec([10], [1]),
        [[Tensor.Randn([count, 1, 4, 4, 4], new Generator(1))]],
        [.. Enumerable.Range(0, count).Select(i => i % 3L)], ["a", "b", "c"],
        [.. Enumerable.Range(0, count).Select(i => $"{i}")]);
}
