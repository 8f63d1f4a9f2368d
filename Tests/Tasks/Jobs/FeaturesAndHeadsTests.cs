using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests;

[TestFixture]
internal sealed class FeaturesAndHeadsTests
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

    [Test]
    public void More_draws_begin_with_the_same_ones_whatever_the_batch()
    {
        var one = Extract("one", r => r with { Draws = 1, Batch = 5 });
        var three = Extract("three", r => r with { Draws = 3, Batch = 2 });
        using var few = FeatureTable.Open(one);
        using var many = FeatureTable.Open(three);
        Assert.That(many.Header!.Draws, Is.EqualTo(3));
        using var a = few.Read([0, 7]);
        using var b = many.Read([0, 7]);
        Assert.That(b.Maps.All.First().Map.ToArray<float>(),
            Is.EqualTo(a.Maps.All.First().Map.ToArray<float>()).Within(1e-5f));
        using var c = many.Read([0, 7], draw: 1);
        Assert.That(c.Maps.All.First().Map.ToArray<float>(), Is.Not.EqualTo(a.Maps.All.First().Map.ToArray<float>()));
    }

    [Test]
    public void Sizes_of_heads_are_said_in_the_words_of_the_recipe()
    {
        FeatureInfo[] maps = [new(3, 8, new MapSize(4, 4))];
        Refused(new HeadRecipe { Kind = "mlp", Hidden = [5, 0] }, "hidden layers have sizes from 1, found 5, 0");
        Refused(new HeadRecipe { Kind = "cnn", Channels = [0, 5] }, "convolutions have sizes from 1, found 0, 5");
        Refused(new HeadRecipe { Kind = "cnn", Channels = [5] }, "two convolutions, found 1");
        foreach (var recipe in (HeadRecipe[])[new() { Width = 0 }, new() { Heads = 0 }, new() { Layers = -1 }])
            Refused(recipe with { Kind = "attention" }, "width, heads, layers and MLP ratio have sizes from 1, found ");
        Refused(new HeadRecipe { Kind = "attention", Width = 10, Heads = 4 }, "width of 10 cannot be divided among 4");

        Assert.That(new HeadRecipe { Kind = "attention" }.Description, Does.EndWith("averaged to at most 16 x 16"));
        Assert.That(new HeadRecipe { Kind = "cnn" }.Description, Does.EndWith("averaged to 8 x 8"));

        void Refused(HeadRecipe recipe, string problem) => Assert.That(
            () => HeadFactory.Make(recipe, maps, timesteps: 1, classes: 2),
            Throws.TypeOf<DiffractException>().With.Message.Contains(problem).And.Message.Not.Contains("Parameter"));
    }

    [Test]
    public void A_broken_picture_is_skipped_named_and_has_no_row()
    {
        var pictures = Work.Folder(Path.Combine(folder, "with-broken"));
        File.WriteAllText(Path.Combine(pictures, "down", "03.png"), "no picture");
        var path = Extract("broken", r => r with { Data = pictures });
        using var table = FeatureTable.Open(path);
        Assert.That(table.Count, Is.EqualTo(11));
        Assert.That(table.Header!.Skipped, Is.EqualTo(new[] { "down/03.png" }));
        Assert.That(table.Id(9), Is.EqualTo("down/04.png"));
        Assert.That(() => Extract("stop", r => r with { Data = pictures, StopOnBrokenImage = true }),
            Throws.InstanceOf<ImageException>().With.Message.Contains("03.png"));
    }

    [Test]
    public void An_extraction_that_was_stopped_goes_on_and_gives_the_same_file()
    {
        var whole = Extract("whole", r => r);
        var path = Path.Combine(folder, "stopped.safetensors");
        using var source = new CancellationTokenSource();
        using var network = NetworkFile.Load(checkpoint);
        var recipe = Recipe();
        var data = new StopAt(DataSource.Any(recipe.Data, DatasetPart.Train), 7, source);
        Assert.That(() => new FeaturesTask(path, recipe, data, network).Run(RunProgress.None, source.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(File.Exists(path), Is.False);
        new FeaturesTask(path, recipe, DataSource.Any(recipe.Data, DatasetPart.Train), network).Run(RunProgress.None);
        Assert.That(Work.Numbers(path), Is.EqualTo(Work.Numbers(whole)));
        Assert.That(Directory.Exists(path + ".partial"), Is.False);
    }

    [Test]
    public void Memory_and_direct_convolutions_change_features_by_rounding_only()
    {
        var usual = Numbers("usual", new InferenceRecipe());
        var direct = Numbers("direct", new InferenceRecipe { Direct = ["input_blocks.*", "middle*"] });
        var fast = Numbers("fast", new InferenceRecipe { Memory = MemoryMode.Fast });
        var lean = Numbers("lean", new InferenceRecipe { Memory = MemoryMode.Lean });
        var largest = usual.Max(Math.Abs);
        Assert.That(direct, Is.EqualTo(usual).Within(1e-5f * largest).And.Not.EqualTo(usual));
        Assert.That(fast, Is.EqualTo(usual).Within(1e-5f * largest));
        Assert.That(lean, Is.EqualTo(usual).Within(2e-2f * largest).And.Not.EqualTo(usual).Within(1e-5f * largest));
        Assert.That(() => Numbers("none", new InferenceRecipe { Direct = ["input_blocks.*", "nowhere*"] }),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("--direct 'nowhere*' matches no convolution"));

        float[] Numbers(string name, InferenceRecipe inference)
        {
            using var table = FeatureTable.Open(Extract(name, r => r with { Inference = inference }));
            using var batch = table.Read([0, 7]);
            return batch.Maps.All.First().Map.ToArray<float>();
        }
    }

    [TestCase("linear")]
    [TestCase("attention")]
    public void A_head_learns_stripes_and_a_stopped_run_ends_with_the_same_bits(string kind)
    {
        var features = Extract($"for-{kind}", r => r with { Draws = 2 });
        var recipe = new TrainRecipe
        {
            Features = features,
            Head = new HeadRecipe { Kind = kind, Pool = 2, Width = 32, Heads = 2, Layers = 1 },
            Optimiser = OptimiserRecipe.Paper with { LearningRate = 1e-2 },
            Epochs = 12,
            Batch = 4,
            Validation = 0.3,
            Seed = 3,
        };
        var straight = Train(Path.Combine(folder, $"straight-{kind}"), recipe);
        Assert.That(straight.Best.ValidationAccuracy, Is.EqualTo(1));

        var path = Path.Combine(folder, $"stopped-{kind}");
        using var table = FeatureTable.Open(features);
        var run = Work.Run(path, recipe, TrainRecipe.Json);
        using (var source = new CancellationTokenSource())
        using (var progress = new StopLater(14, source))
            Assert.That(() => new TrainTask(run, recipe, table).Run(progress, source.Token),
                Throws.InstanceOf<OperationCanceledException>());
        new TrainTask(run, recipe, table).Run(RunProgress.None);
        foreach (var file in (string[])["best.safetensors", "last.safetensors"])
            Assert.That(Work.Numbers(run.At(file)),
                Is.EqualTo(Work.Numbers(Path.Combine(folder, $"straight-{kind}", file))), file);
    }

    [Test]
    public void A_head_is_refused_features_it_was_not_made_for()
    {
        var features = Extract("blocks", r => r with { Blocks = [2, 3] });
        var recipe = new TrainRecipe
        {
            Features = features,
            Optimiser = OptimiserRecipe.Paper with { LearningRate = 1e-2 },
            Epochs = 1,
        };
        Train(Path.Combine(folder, "fit"), recipe);
        var path = Path.Combine(folder, "fit", "best.safetensors");
        var (head, header) = HeadFile.Load(path);
        using var owned = head;
        using var other = FeatureTable.Open(features, new FeatureSpec([20], [2]));
        Assert.That(() => HeadFile.CheckFits(path, header, other),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("blocks 2, 3"));
        Assert.That(() => HeadFile.Load(checkpoint),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("no head of this program"));
        Assert.That(() => FeatureTable.Open(checkpoint),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("no feature file"));
    }

    private FeaturesRecipe Recipe() => new()
    {
        Data = Path.Combine(folder, "pictures"),
        Network = checkpoint,
        Timesteps = [20],
        Blocks = [3],
        Batch = 3,
        Seed = 9,
    };

    private string Extract(string name, Func<FeaturesRecipe, FeaturesRecipe> change)
    {
        var recipe = change(Recipe());
        var path = Path.Combine(folder, name + ".safetensors");
        using var network = NetworkFile.Load(checkpoint, inference: recipe.Inference);
        new FeaturesTask(path, recipe, DataSource.Any(recipe.Data, DatasetPart.Train), network).Run(RunProgress.None);
        return path;
    }

    private static TrainResult Train(string path, TrainRecipe recipe)
    {
        using var table = FeatureTable.Open(recipe.Features!);
        return new TrainTask(Work.Run(path, recipe, TrainRecipe.Json), recipe, table).Run(RunProgress.None);
    }

    private sealed class StopAt(ImageDataset data, int index, CancellationTokenSource source) : ImageDataset
    {
        public override int Count => data.Count;

        public override IReadOnlyList<string> ClassNames => data.ClassNames;

        public override int Label(int i) => data.Label(i);

        public override string Id(int i) => data.Id(i);

        public override Image Load(int i)
        {
            if (i == index) source.Cancel();
            return data.Load(i);
        }
    }
}
