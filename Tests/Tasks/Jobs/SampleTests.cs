using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Samples that do not depend on their company, runs that stop, guidance, inpainting, and the way of images to
/// noise and back.</summary>
internal sealed class SampleTests
{
    private TemporaryFolder folder = null!;
    private string plain = null!, conditional = null!, classifier = null!;

    private SampleRecipe Recipe => new() { Network = plain, Count = 5, Batch = 5, Steps = 6, Seed = 3 };

    [OneTimeSetUp]
    public void Make()
    {
        folder = new TemporaryFolder();
        plain = Work.Network(folder["plain"]);
        // Long enough for the classes to tell.
        conditional = Work.Network(folder["conditional"],
            Work.Tiny with { ClassConditional = true, Steps = 40, LearningRate = 1e-2 });
        classifier = folder["classifier.safetensors"];
        using var encoder = new EncoderUNet(new EncoderUNetConfig
        {
            ImageSize = 8,
            ModelChannels = 32,
            OutChannels = 2,
            NumResBlocks = 1,
            ChannelMult = [1, 1],
            AttentionResolutions = [2],
            NumHeadChannels = 32,
            Pool = EncoderPool.Attention,
        });
        encoder.Initialise(new Generator(4));
        TensorFile.Save(classifier, encoder.StateDict(),
            new Dictionary<string, string> { [Networks.MetadataKey] = encoder.Config.ToJson() });
    }

    [OneTimeTearDown]
    public void Remove() => folder.Dispose();

    [TestCase("dpm-solver")]
    [TestCase("ddim")]
    [TestCase("ddpm")]
    public void An_image_is_the_same_in_any_company(string sampler)
    {
        var all = Images(Recipe with { Sampler = sampler }, $"all-{sampler}");
        Assert.That(all, Has.Count.EqualTo(5));
        Assert.That(all.Values.Select(Convert.ToHexString).Distinct().Count(), Is.EqualTo(5));
        Assert.That(Images(Recipe with { Sampler = sampler, Batch = 2 }, $"two-{sampler}"), Is.EqualTo(all));
        var some = Images(Recipe with { Sampler = sampler, First = 3, Count = 2, Batch = 1 }, $"some-{sampler}");
        Assert.That(some, Is.EqualTo(all.Where(i => i.Key is "000003.png" or "000004.png").ToDictionary()));
        Assert.That(Images(Recipe with { Sampler = sampler, Seed = 4 }, $"seed-{sampler}"), Is.Not.EqualTo(all));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_stopped_run_goes_on_to_the_same_images(bool torch)
    {
        var recipe = Recipe with { Sampler = "ddpm", Batch = 2, TorchNoise = torch };
        var whole = Images(recipe, $"whole-{torch}");
        var run = Work.Run(folder[$"stopped-{torch}"], recipe, SampleRecipe.Json);
        using var network = NetworkFile.Load(plain);
        using (var stop = new CancellationTokenSource())
            Assert.That(() => new SampleTask(run, recipe, network).Run(new StopLater(9, stop), stop.Token),
                Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Directory.GetFiles(run.At("images")), Has.Length.EqualTo(2));
        Assert.That(new SampleTask(run, recipe, network).Run(RunProgress.None).Made, Is.EqualTo(3));
        Assert.That(Files(run), Is.EqualTo(whole));
        Assert.That(File.Exists(run.At("preview.png")), Is.False);
        Assert.That(File.Exists(run.At("grid.png")));
    }

    [Test]
    public void PyTorchs_noise_is_what_it_draws_for_the_batch()
    {
        var recipe = Recipe with { Sampler = "ddim", Steps = 1, Count = 2, TorchNoise = true };
        var found = Images(recipe, "torch");
        using var network = NetworkFile.Load(plain);
        // torch.randn(2, 3, 8, 8), to be read channels last.
        var drawn = new TorchGenerator(recipe.Seed).Normal(2 * 3 * 8 * 8);
        var start = new float[drawn.Length];
        for (var i = 0; i < drawn.Length; i++)
        {
            var (n, c, at) = (i / (3 * 64), i / 64 % 3, i % 64);
            start[(n * 64 + at) * 3 + c] = drawn[i];
        }
        using var x = Tensor.From(start, [2, 8, 8, 3]);
        var sampler = recipe.Make(network.Recipe);
        using var images = sampler.Sample(network.Network.AsDenoiser(), x, (_, like) => like);
        var expected = SampleSheet.Images(images).Select(PngWriter.Encode).ToArray();
        Assert.That(found.Values, Is.EqualTo(expected));
    }

    [Test]
    public void Inpainting_keeps_what_is_dark_in_the_mask()
    {
        var picture = Directory.GetFiles(folder["plain/pictures/across"])[0];
        var mask = folder["mask.png"];
        PngWriter.Save(mask, Image.FromGrey(8, 8, [.. Enumerable.Range(0, 64).Select(i =>
            (byte)(i % 8 < 4 ? 255 : 0))]));
        var recipe = Recipe with { Inpaint = picture, Mask = mask };
        foreach (var sampler in (string[])["dpm-solver", "ddpm"])
        {
            var found = Images(recipe with { Sampler = sampler }, $"inpainted-{sampler}").Values
                .Select(file => ImageFile.Decode(file, "sample")).ToArray();
            var known = ImageFile.Read(picture);
            foreach (var image in found)
                for (var y = 0; y < 8; y++)
                {
                    // Bytes of samples are truncated.
                    var (mine, theirs) = (image.Row(y)[12..].ToArray(), known.Row(y)[12..].ToArray());
                    Assert.That(mine.Zip(theirs, (a, b) => Math.Abs(a - b)).Max(), Is.LessThanOrEqualTo(1));
                }
            Assert.That(found.Select(i => Convert.ToHexString(i.Pixels)).Distinct().Count(), Is.EqualTo(5));
        }
    }

    [Test]
    public void Classes_come_in_turn_or_as_asked_for()
    {
        var recipe = Recipe with { Network = conditional };
        var turn = Images(recipe, "turn");
        var ones = Images(recipe with { Label = 1 }, "ones");
        foreach (var name in turn.Keys)
            Assert.That(ones[name].SequenceEqual(turn[name]), Is.EqualTo(name is "000001.png" or "000003.png"), name);
        Assert.That(() => Images(recipe with { Label = 2 }, "none"),
            Throws.TypeOf<DiffractException>().With.Message.Contains("knows classes 0 to 1, found --label 2"));
        Assert.That(() => Images(Recipe with { Label = 0 }, "unconditional"),
            Throws.TypeOf<DiffractException>().With.Message.Contains("takes no --label without --classifier"));
    }

    [TestCase("ddpm")]
    [TestCase("ddim")]
    [TestCase("dpm-solver")]
    public void A_classifier_pulls_samples_towards_its_class(string sampler)
    {
        var recipe = Recipe with { Sampler = sampler, Classifier = classifier, Scale = 300, Steps = 20 };
        using var loaded = Networks.Load(classifier);
        loaded.Network.Eval();
        double Share(int label)
        {
            var images = Images(recipe with { Label = label }, $"guided-{sampler}-{label}").Values
                .Select(file => ImageFile.Decode(file, "sample")).ToArray();
            using var logits = loaded.Encoder.Forward(NetworkInput.FromImages(images), Tensor.Zeros([5]));
            var values = logits.ToArray<float>();
            return Enumerable.Range(0, 5).Average(i => 1 / (1 + Math.Exp(values[2 * i] - values[2 * i + 1])));
        }

        Assert.That(Share(1), Is.GreaterThan(Share(0)));
    }

    [Test]
    public void The_way_is_drawn_from_its_first_step_to_its_last()
    {
        Images(Recipe with { GridOfSteps = true, Steps = 30 }, "way");
        var way = ImageFile.Read(folder["way/steps.png"]);
        // Ten columns of 8 pixels or a label's width, five images of two rows.
        Assert.That(way.Width, Is.GreaterThan(10 * 8));
        Assert.That(way.Height, Is.GreaterThan(5 * 2 * 8));
    }

    [Test]
    public void More_steps_bring_an_image_back_better()
    {
        var pictures = new[] { "across", "down" }.Select(c => Directory.GetFiles(folder[$"plain/pictures/{c}"])[0])
            .ToArray();
        IReadOnlyList<RoundTrip> Trip(int steps, int points)
        {
            var recipe = new EditRecipe { Images = pictures, Network = plain, Steps = steps, Points = points };
            using var network = NetworkFile.Load(plain);
            return new EditTask(Work.Run(folder[$"edit-{steps}"], recipe, EditRecipe.Json), recipe, network)
                .Run(RunProgress.None);
        }

        var (few, many) = (Trip(10, 0), Trip(200, 3));
        foreach (var (coarse, fine) in few.Zip(many))
        {
            Assert.That(fine.Error, Is.LessThan(coarse.Error / 2));
            Assert.That(fine.Psnr, Is.GreaterThan(coarse.Psnr));
        }
        Assert.That(File.Exists(folder["edit-10/between.png"]), Is.False);
        // Three points between the two pictures, 16 times as large, with two pixels around each.
        Assert.That(ImageFile.Read(folder["edit-200/between.png"]).Width, Is.EqualTo(2 + 5 * (8 * 16 + 2)));
        // The ends of the way are what comes back of the pictures.
        var between = ImageFile.Read(folder["edit-200/between.png"]);
        var back = ImageFile.Read(folder["edit-200/0.png"]);
        Assert.That(between.Row(2 + 8)[((2 + 8 * 16 + 2 + 8) * 3)..].Slice(0, 3).ToArray(),
            Is.EqualTo(back.Row(0)[..3].ToArray()).Within(1));
    }

    private Dictionary<string, byte[]> Images(SampleRecipe recipe, string name)
    {
        using var network = NetworkFile.Load(recipe.Network);
        var run = Work.Run(folder[name], recipe, SampleRecipe.Json);
        new SampleTask(run, recipe, network).Run(RunProgress.None);
        return Files(run);
    }

    private static Dictionary<string, byte[]> Files(RunFolder run) => Directory.GetFiles(run.At("images"))
        .Order(StringComparer.Ordinal).ToDictionary(path => Path.GetFileName(path)!, File.ReadAllBytes);
}
