using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Training with something to train in front of the head: feedback networks, the network itself; and the ways
/// to divide batches and labels.</summary>
[TestFixture]
internal sealed class TrainingInFrontTests
{
    private string folder = "", checkpoint = "";

    [OneTimeSetUp]
    public void MakeNetwork()
    {
        folder = Directory.CreateTempSubdirectory("diffract").FullName;
        checkpoint = Work.Network(folder);
    }

    [OneTimeTearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [TestCase("bottleneck", false)]
    [TestCase("8:2,6", false)]
    [TestCase(null, true)]
    [TestCase("bottleneck", true)]
    [TestCase("bottleneck", true, 1e-3)]
    public void A_stopped_run_ends_with_the_same_bits_and_the_files_say_what_it_learnt(
        string? feedback, bool fineTune, double? networkRate = null)
    {
        var recipe = Recipe() with
        {
            Feedback = feedback is null ? null : new FeedbackRecipe { Strategy = feedback, FirstBlocks = [5] },
            FineTune = fineTune,
            NetworkRate = networkRate,
        };
        var name = $"{feedback}-{fineTune}-{networkRate}".Replace(':', '-');
        var straight = Path.Combine(folder, $"straight-{name}");
        var result = Train(straight, recipe);
        Assert.That(result.Best.ValidationAccuracy, Is.EqualTo(1));

        using (var source = new CancellationTokenSource())
        using (var progress = new StopLater(7, source))
            Assert.That(() => Train(Path.Combine(folder, $"stopped-{name}"), recipe, progress, source.Token),
                Throws.InstanceOf<OperationCanceledException>());
        Train(Path.Combine(folder, $"stopped-{name}"), recipe);
        string[] files = fineTune ? ["best", "last", "best.network", "last.network"] : ["best", "last"];
        foreach (var file in files)
            Assert.That(Work.Numbers(Path.Combine(folder, $"stopped-{name}", $"{file}.safetensors")),
                Is.EqualTo(Work.Numbers(Path.Combine(straight, $"{file}.safetensors"))), file);

        Assert.That(Rates(Path.Combine(folder, $"stopped-{name}")),
            Is.EqualTo(networkRate is { } own ? [3e-3, own] : new[] { 3e-3 }));
        Assert.That(Score(Path.Combine(straight, "best.safetensors")), Is.EqualTo(result.Best.ValidationLoss)
            .Within(1e-5));
        if (!fineTune) return;
        var before = Work.Numbers(checkpoint);
        var after = Work.Numbers(Path.Combine(straight, "last.network.safetensors"));
        Assert.That(after.Keys, Is.EquivalentTo(before.Keys));
        Assert.Multiple(() =>
        {
            // Block 6 is output_blocks.0: what comes after it is not trained.
            Assert.That(after["input_blocks.0.0.weight"], Is.Not.EqualTo(before["input_blocks.0.0.weight"]));
            Assert.That(after["output_blocks.0.0.in_layers.2.weight"],
                Is.Not.EqualTo(before["output_blocks.0.0.in_layers.2.weight"]));
            Assert.That(after["output_blocks.1.0.in_layers.2.weight"],
                Is.EqualTo(before["output_blocks.1.0.in_layers.2.weight"]));
            Assert.That(after["out.2.weight"], Is.EqualTo(before["out.2.weight"]));
        });
    }

    [Test]
    public void A_networks_own_rate_is_the_networks_alone_and_falls_with_the_heads()
    {
        var recipe = Recipe() with { Feedback = new FeedbackRecipe(), FineTune = true };
        recipe = recipe with { Optimiser = recipe.Optimiser with { StepEpochs = 2 } };
        Train(Path.Combine(folder, "one-rate"), recipe);
        Train(Path.Combine(folder, "same-rate"), recipe with { NetworkRate = recipe.Optimiser.LearningRate });
        var still = Train(Path.Combine(folder, "still"), recipe with { NetworkRate = 0 });
        foreach (var file in (string[])["last.safetensors", "last.network.safetensors"])
        {
            var one = Work.Numbers(Path.Combine(folder, "one-rate", file));
            Assert.That(Work.Numbers(Path.Combine(folder, "same-rate", file)), Is.EqualTo(one), file);
            Assert.That(Work.Numbers(Path.Combine(folder, "still", file)), Is.Not.EqualTo(one), file);
        }
        Assert.That(Work.Numbers(Path.Combine(folder, "still", "last.network.safetensors")),
            Is.EqualTo(Work.Numbers(checkpoint)));
        Assert.That(still.Epochs[^1].TrainLoss, Is.LessThan(0.5 * still.Epochs[0].TrainLoss), "the head learns");
        Assert.That(() => Train(Path.Combine(folder, "frozen"), recipe with { FineTune = false, NetworkRate = 1e-3 }),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("is not trained"));
    }

    [Test]
    public void A_search_gives_every_rate_the_same_start()
    {
        var recipe = Recipe() with
        {
            Feedback = new FeedbackRecipe(),
            FineTune = true,
            Epochs = 1,
            SearchEpochs = 1,
            SearchRates = [1e-3, 1e-3],
            Optimiser = OptimiserRecipe.Paper,
        };
        var tried = Train(Path.Combine(folder, "search"), recipe).Tried;
        Assert.That(tried[1], Is.EqualTo(tried[0]));
    }

    [Test]
    public void A_network_that_is_replaced_while_it_is_tuned_starts_no_other_training()
    {
        var recipe = Recipe() with { FineTune = true, Network = Path.Combine(folder, "tuned.safetensors") };
        File.Copy(checkpoint, recipe.Network);
        using var opened = Open(recipe);
        for (var i = 0; i < 2; i++) new HeadTraining(opened.Source, recipe, 1e-3).Dispose();
        File.Move(recipe.Network, recipe.Network + ".old");
        File.Copy(Path.Combine(Path.GetDirectoryName(checkpoint)!, "model.safetensors"), recipe.Network);
        Assert.That(() => new HeadTraining(opened.Source, recipe, 1e-3),
            Throws.TypeOf<DiffractException>().With.Message.Contains("was replaced while it was trained"));
    }

    [Test]
    public void A_head_that_cannot_be_saved_leaves_the_tuned_network_of_the_last_one()
    {
        var recipe = Recipe() with { FineTune = true, Epochs = 1 };
        var path = Path.Combine(folder, "no-room");
        var run = Work.Run(path, recipe, TrainRecipe.Json);
        Directory.CreateDirectory(run.At("best.new.safetensors"));
        Assert.That(() => Train(path, recipe), Throws.InstanceOf<IOException>());
        Assert.That(File.Exists(run.At("best.network.safetensors")), Is.False);
        Directory.Delete(run.At("best.new.safetensors"));
        Train(path, recipe);
        Assert.That(HeadFile.Header(run.At("best.safetensors")).NetworkSha256,
            Is.EqualTo(DiffusionNetwork.Hash(run.At("best.network.safetensors"))));
        Assert.That(Directory.GetFiles(path, "*.new.*"), Is.Empty);
    }

    [Test]
    public void Microbatches_add_up_to_the_batch()
    {
        var recipe = Recipe() with { FineTune = true, Epochs = 2, Validation = 0 };
        recipe = recipe with { Optimiser = recipe.Optimiser with { Optimiser = "sgd", Flip = false } };
        Train(Path.Combine(folder, "at-once"), recipe);
        Train(Path.Combine(folder, "in-parts"), recipe with { Microbatch = 2 });
        foreach (var file in (string[])["last.safetensors", "last.network.safetensors"])
        {
            var once = Work.Numbers(Path.Combine(folder, "at-once", file));
            foreach (var (name, numbers) in Work.Numbers(Path.Combine(folder, "in-parts", file)))
                Assert.That(numbers, Is.EqualTo(once[name]).Within(2e-6f), name);
        }
        Assert.That(() => Train(Path.Combine(folder, "odd"), recipe with { Microbatch = 3 }),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("batch of 4 images cannot be divided"));
    }

    [Test]
    public void Few_labels_are_parts_of_more_and_every_class_has_one()
    {
        using var opened = Open(Recipe());
        var source = opened.Source;
        var half = LabelChoice.Items(source, "50%", 3);
        Assert.Multiple(() =>
        {
            Assert.That(half.GroupBy(source.Label).Select(g => g.Count()), Is.EqualTo(new[] { 3, 3 }));
            Assert.That(LabelChoice.Items(source, "0.01", 3), Is.SubsetOf(half).And.Count.EqualTo(2));
            Assert.That(LabelChoice.Items(source, "0.5", 4), Is.Not.EqualTo(half));
            Assert.That(LabelChoice.Items(source, null, 3), Has.Count.EqualTo(12));
        });
        var list = Path.Combine(folder, "list.txt");
        File.WriteAllText(list, "across/03.png\n\ndown/01.png\n");
        Assert.That(LabelChoice.Items(source, list, 0), Is.EqualTo(new[] { 3, 7 }));
        File.WriteAllText(list, "across/03.png\n04.png\n");
        Assert.That(() => LabelChoice.Items(source, list, 0),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("line 2: several folders have a picture"));
        File.WriteAllText(list, "up/03.png\n");
        Assert.That(() => LabelChoice.Items(source, list, 0),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("line 1: the data set has no picture"));
        foreach (var wrong in (string[])["0", "1.5", "120%", "few"])
            Assert.That(() => LabelChoice.Items(source, wrong, 0),
                Throws.InstanceOf<DiffractException>().With.Message.Contains($"found '{wrong}'"));
    }

    [Test]
    public void Without_held_out_images_the_last_epoch_is_kept_and_a_rate_is_needed()
    {
        var recipe = Recipe() with { Validation = 0, Epochs = 3, Labels = "20%" };
        var path = Path.Combine(folder, "kept");
        var result = Train(path, recipe);
        Assert.Multiple(() =>
        {
            Assert.That(result.Best.Epoch, Is.EqualTo(3));
            Assert.That(result.Best.IsValidated, Is.False);
            Assert.That(Work.Numbers(Path.Combine(path, "best.safetensors")),
                Is.EqualTo(Work.Numbers(Path.Combine(path, "last.safetensors"))));
        });
        Assert.That(() => Train(Path.Combine(folder, "no-rate"), recipe with { Optimiser = OptimiserRecipe.Paper }),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("--lr"));
    }

    [Test]
    public void Probabilities_of_several_draws_are_averaged()
    {
        var path = Path.Combine(folder, "draws");
        Train(path, Recipe() with { Epochs = 1 });
        var (head, header) = HeadFile.Load(Path.Combine(path, "best.safetensors"));
        using var owned = head;
        using var opened = Open(header);
        var items = Enumerable.Range(0, opened.Source.Count).ToArray();
        var means = new double[items.Length];
        for (var draw = 0; draw < 2; draw++)
            foreach (var batch in opened.Source.Batches(items, new FeaturePass(5, Draw: draw)))
                using (batch)
                using (Scope.Open())
                {
                    var shares = head.Forward(batch.Maps).Softmax(-1).ToArray<float>();
                    for (var i = 0; i < batch.Items.Count; i++)
                        means[batch.Items[i]] += shares[2 * i + opened.Source.Label(batch.Items[i])] / 2;
                }
        var one = HeadEvaluation.Run(head, opened.Source, items, 5);
        var two = HeadEvaluation.Run(head, opened.Source, items, 5, draws: 2);
        Assert.That(two.Loss, Is.EqualTo(means.Average(p => -Math.Log(p))).Within(1e-5).And.Not.EqualTo(one.Loss));
    }

    private TrainRecipe Recipe() => new()
    {
        Data = Path.Combine(folder, "pictures"),
        Network = checkpoint,
        Timesteps = [20],
        Blocks = [6],
        Head = new HeadRecipe { Kind = "attention", Pool = 4, Width = 32, Heads = 2, Layers = 1 },
        Optimiser = OptimiserRecipe.Paper with { LearningRate = 3e-3 },
        Epochs = 6,
        Batch = 4,
        Validation = 0.3,
        Seed = 3,
    };

    private static TrainResult Train(string path, TrainRecipe recipe, IRunProgress? progress = null,
        CancellationToken cancellation = default)
    {
        using var opened = Open(recipe);
        var run = Directory.Exists(path) ? RunFolder.Open(path) : Work.Run(path, recipe, TrainRecipe.Json);
        return new TrainTask(run, recipe, opened.Source).Run(progress ?? RunProgress.None, cancellation);
    }

    // The rates that the optimiser's groups go on from.
    private static double[] Rates(string path)
    {
        var (state, _) = StateFile.Load(RunFolder.Open(path).Checkpoints.Latest!.Path, "train/1");
        foreach (var tensor in state.Tensors.Values) tensor.Dispose();
        return [.. state.Numbers.Where(n => n.Key.EndsWith(".initial_lr", StringComparison.Ordinal))
            .Select(n => n.Value)];
    }

    private static OpenedFeatures Open(TrainRecipe recipe) => OpenedFeatures.Of(recipe);

    private OpenedFeatures Open(HeadFileHeader header, string? network = null) => OpenedFeatures.FromImages(
        DataSource.Labelled(Path.Combine(folder, "pictures")),
        ImageReading.Of(header, network ?? checkpoint) with { Seed = 3 });

    // The loss of the held-out images, as another process would find it.
    private double Score(string path)
    {
        var (head, header) = HeadFile.Load(path);
        using var owned = head;
        using var opened = Open(header, header.HasOwnNetwork ? HeadFile.NetworkPath(path) : null);
        if (header.Feedback is not null) HeadFile.LoadFeedback(path, opened.Feedback!);
        HeadFile.CheckFits(path, header, opened.Source);
        var held = HoldOut.Of(opened.Source, LabelChoice.Items(opened.Source, null, 3), 0.3, 3).Validation;
        return HeadEvaluation.Run(head, opened.Source, held, 4).Loss;
    }
}
