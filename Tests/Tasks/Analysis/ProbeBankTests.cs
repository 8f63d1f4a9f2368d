using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Probes that are trained together learn what each would alone.</summary>
internal sealed class ProbeBankTests
{
    private const int Epochs = 3;
    private static readonly int[] pools = [1, 2];
    private static readonly double[] rates = [1e-3, 3e-2];

    private FeatureTable table = null!;

    private static TrainRecipe Recipe(string optimiser) => new()
    {
        Batch = 4,
        Seed = 3,
        Optimiser = new OptimiserRecipe { Optimiser = optimiser, WeightDecay = 1e-2, StepEpochs = 2 },
    };

    private static int[] All => [.. Enumerable.Range(0, 14)];

    // Two timesteps and blocks of different channels and sizes, two noise draws, three classes.
    [SetUp]
    public void MakeFeatures()
    {
        using var scope = Scope.Open();
        Tensor Map(ulong seed, int channels, int side) =>
            scope.Keep(Tensor.Randn([14, 2, channels, side, side], new Generator(seed)));
        table = new FeatureTable(new FeatureSpec([10, 20], [1, 2]),
            [[Map(1, 4, 4), Map(2, 8, 3)], [Map(3, 4, 4), Map(4, 8, 3)]],
            [.. All.Select(i => (long)(i % 3))], ["a", "b", "c"], [.. All.Select(i => $"{i}")]);
    }

    [TearDown]
    public void Remove() => table.Dispose();

    [Test]
    public void Every_cell_is_what_its_probe_alone_would_be([Values("adam", "sgd")] string optimiser)
    {
        var recipe = Recipe(optimiser);
        using var bank = new ProbeBank(table, pools, rates, recipe);
        for (var i = 0; i < Epochs; i++) bank.RunEpoch(All[2..]);
        var (right, images) = bank.Score(table, All[..6]);
        var losses = bank.Losses();
        Assert.That((bank.Cells.Count, images), Is.EqualTo((8, 6)));
        for (var c = 0; c < bank.Cells.Count; c++)
            for (var r = 0; r < rates.Length; r++)
            {
                using var scope = Scope.Open();
                var cell = bank.Cells[c];
                using var part = table.Select(cell.Timestep, cell.Block);
                var head = new HeadRecipe { Kind = "linear", Pool = cell.Pool };
                using var alone = new HeadTraining(part, recipe with { Head = head }, rates[r]);
                for (var i = 0; i < Epochs; i++) alone.RunEpoch(All[2..]);
                var (weight, bias) = bank.Probe(cell, rates[r]);
                Assert.That(weight.ToArray<float>(),
                    Is.EqualTo(alone.Head.StateDict()["fcs.0.weight"].ToArray<float>()).Within(1e-5), $"{cell}");
                Assert.That(bias.ToArray<float>(),
                    Is.EqualTo(alone.Head.StateDict()["fcs.0.bias"].ToArray<float>()).Within(1e-5), $"{cell}");
                Assert.That(losses[c][r], Is.EqualTo(alone.MeanLoss).Within(1e-5), $"{cell}");
                var score = HeadEvaluation.Run(alone.Head, part, All[..6], 4);
                Assert.That(right[c][r], Is.EqualTo(score.Classes.Top1.Successes), $"{cell}");
            }
    }

    // Repeating its elements would make a probe of as many more weights that says the same.
    [Test]
    public void A_map_that_is_smaller_than_a_pooling_stays_as_it_is()
    {
        using var bank = new ProbeBank(table, [2, 4, 8], [1e-2], Recipe("adam"));
        Assert.That(bank.Cells.Where(c => c.Timestep == 10).Select(c => (c.Block, c.Pool)),
            Is.EqualTo(new[] { (1, 2), (1, 4), (2, 2), (2, 3) }));
        bank.RunEpoch(All);
        using var scope = Scope.Open();
        Assert.That(bank.Probe(bank.Cells[3], 1e-2).Weight.Shape, Is.EqualTo(Shape.Of(3, 8 * 3 * 3)));
    }

    [Test]
    public void Stopped_in_an_epoch_they_go_on_with_the_same_bits()
    {
        using var straight = new ProbeBank(table, pools, rates, Recipe("adam"));
        for (var i = 0; i < Epochs; i++) straight.RunEpoch(All);
        using var first = new ProbeBank(table, pools, rates, Recipe("adam"));
        using var stop = new CancellationTokenSource();
        first.RunEpoch(All);
        Assert.That(() => first.RunEpoch(All, _ => stop.Cancel(), stop.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That((first.Epoch, first.BatchesDone), Is.EqualTo((1, 1)));
        using var second = new ProbeBank(table, pools, rates, Recipe("adam"));
        second.Load(first.Save());
        while (second.Epoch < Epochs) second.RunEpoch(All);
        Assert.That(second.Losses(), Is.EqualTo(straight.Losses()));
        using var scope = Scope.Open();
        foreach (var cell in straight.Cells)
            Assert.That(second.Probe(cell, 3e-2).Weight.ToArray<float>(),
                Is.EqualTo(straight.Probe(cell, 3e-2).Weight.ToArray<float>()));
    }

    [Test]
    public void They_learn_the_same_on_a_gpus_kernels()
    {
        using var onCpu = new ProbeBank(table, [2], [1e-2], Recipe("adam"));
        using var onGpu = new ProbeBank(table, [2], [1e-2], Recipe("adam"), new SimDevice());
        onCpu.RunEpoch(All[..4]);
        onGpu.RunEpoch(All[..4]);
        Assert.That(onGpu.Losses(), Is.EqualTo(onCpu.Losses()).Within(1e-4));
        Assert.That(onGpu.Score(table, All[..4]).Right, Is.EqualTo(onCpu.Score(table, All[..4]).Right));
    }

    [Test]
    public void The_best_rate_and_epoch_are_chosen_and_divergence_loses()
    {
        ProbeCell[] cells = [new(10, 1, 1), new(10, 1, 2)];
        SweepEpoch[] epochs =
        [
            new(10, [[3, 10], [5, 5]], [[1, double.NaN], [1, 1]]),
            new(10, [[4, 10], [6, 7]], [[1, double.NaN], [1, 1]]),
            new(10, [[4, 10], [7, 7]], [[1, double.NaN], [1, 1]]),
        ];
        var result = SweepResult.Of(cells, rates, epochs);
        Assert.That(result.Cells.Select(c => (c.LearningRate, c.Epoch, c.Accuracy.Successes)),
            Is.EqualTo(new[] { (1e-3, 2, 4L), (1e-3, 3, 7L) }));
        Assert.That(result.Cells[0].EachRate, Is.EqualTo(new[] { 0.4, double.NaN }));
        Assert.That(result.Best, Is.EqualTo(result.Cells[1]));
        Assert.That(result.BestCurve, Is.EqualTo(new[] { 0.5, 0.6, 0.7 }));
        Assert.That(result.ToCsv().Split('\n')[2], Is.EqualTo("10,1,2,0.001,3,7,10,0.7"));
    }

    [Test]
    public void Probes_that_no_machine_can_hold_are_refused_before_they_are_made()
    {
        using var scope = Scope.Open();
        string[] classes = [.. Enumerable.Range(0, 1 << 20).Select(i => $"{i}")];
        using var wide = new FeatureTable(new FeatureSpec([10], [1]), [[Tensor.Zeros([2, 1, (1 << 20) - 1, 1, 1])]],
            [0, 1], classes, ["a", "b"]);
        Assert.That(() => new ProbeBank(wide, [1], rates, Recipe("adam")), Throws.TypeOf<DiffractException>()
            .With.Message.Match("1 probes of 1048576 classes at 2 learning rates take 32(.0)? TiB, and the machine ")
            .And.Message.EndsWith(": sweep fewer timesteps or blocks"));
    }
}
