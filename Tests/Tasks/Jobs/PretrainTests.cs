using System.Text.Json.Nodes;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests;

[TestFixture]
internal sealed class PretrainTests
{
    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("diffract").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [TestCase("uniform", "hybrid")]
    [TestCase("loss-second-moment", "simple")]
    [TestCase("uniform", "kl")]
    public void A_run_that_was_stopped_twice_ends_with_the_same_bits(string sampler, string loss)
    {
        var recipe = Work.Tiny with { Sampler = sampler, Loss = loss, Dropout = 0.1f, Warmup = 3 };
        var data = DataSource.Any(Work.Folder(Path.Combine(folder, "pictures")), DatasetPart.Train);
        var straight = Work.Run(Path.Combine(folder, "straight"), recipe, PretrainRecipe.Json);
        new PretrainTask(straight, recipe, data).Run(RunProgress.None);

        var stopped = Work.Run(Path.Combine(folder, "stopped"), recipe, PretrainRecipe.Json);
        foreach (var steps in (int[])[1, 3])
        {
            using var source = new CancellationTokenSource();
            using var progress = new StopAfter(steps, source);
            Assert.That(() => new PretrainTask(stopped, recipe, data).Run(progress, source.Token),
                Throws.InstanceOf<OperationCanceledException>());
        }
        var result = new PretrainTask(stopped, recipe, data).Run(RunProgress.None);

        Assert.That(result.Steps, Is.EqualTo(recipe.Steps));
        foreach (var file in (string[])["ema.safetensors", "model.safetensors"])
            Assert.That(Work.Numbers(stopped.At(file)), Is.EqualTo(Work.Numbers(straight.At(file))), file);
    }

    [Test]
    public void Microbatches_and_recomputation_change_memory_and_not_the_step()
    {
        var data = DataSource.Any(Work.Folder(Path.Combine(folder, "pictures")), DatasetPart.Train);
        double Loss(string name, PretrainRecipe recipe)
        {
            var run = Work.Run(Path.Combine(folder, name), recipe, PretrainRecipe.Json);
            return new PretrainTask(run, recipe, data).Run(RunProgress.None).Loss;
        }

        var whole = Loss("whole", Work.Tiny);
        Assert.That(Loss("parts", Work.Tiny with { Microbatch = 3 }), Is.EqualTo(whole).Within(1e-4));
        Assert.That(Loss("again", Work.Tiny with { Recompute = true }), Is.EqualTo(whole).Within(1e-4));
    }

    [TestCase("epsilon", "hybrid")]
    [TestCase("start", "simple")]
    [TestCase("previous", "hybrid")]
    public void What_a_network_predicts_is_kept_with_it(string predict, string loss)
    {
        var recipe = Work.Tiny with { Predict = predict, Loss = loss, Timesteps = 50, RescaleTimesteps = true };
        using var network = NetworkFile.Load(Work.Network(folder, recipe));
        Assert.That(network.Recipe, Is.EqualTo(recipe.Diffusion));
        Assert.That(network.Recipe.Make().MeanType, Is.EqualTo(predict switch
        {
            "epsilon" => MeanType.Epsilon,
            "start" => MeanType.StartX,
            _ => MeanType.PreviousX,
        }));
        Assert.That(network.Assumed, Is.Empty);
        var sheet = SampleSheet.Samples(network.Network, network.Recipe, 8, 2, 0);
        Assert.That(sheet, Has.Count.EqualTo(2));
    }

    [Test]
    public void Recipes_and_checkpoints_from_before_there_was_a_choice_mean_what_they_meant()
    {
        var path = Path.Combine(folder, "recipe.json");
        RecipeFile.Save(path, Work.Tiny, PretrainRecipe.Json);
        var text = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        foreach (var since in (string[])["predict", "small_variance", "rescale_timesteps", "sum_microbatches",
            "other_ema_rates", "memory_budget", "norm_groups"])
            Assert.That(text.Remove(since), since);
        File.WriteAllText(path, text.ToJsonString());
        var old = RecipeFile.Load(path, PretrainRecipe.Json);
        Assert.That((old.Predict, old.OtherEmaRates.Count, old.MemoryBudget), Is.EqualTo(("epsilon", 0, (long?)null)));
        Assert.That(old.Diffusion.Make().MeanType, Is.EqualTo(MeanType.Epsilon));
        Assert.That(old.NetworkConfig(null).NormGroups, Is.EqualTo(32));

        var file = Path.Combine(folder, "old.safetensors");
        using var weight = Tensor.Zeros([1]);
        TensorFile.Save(file, new Dictionary<string, Tensor> { ["w"] = weight }, new Dictionary<string, string>
        {
            [DiffusionRecipe.Key] = """{"schedule":"cosine","timesteps":1000,"learns_variance":true}""",
        });
        using var opened = TensorFile.Open(file);
        Assert.That(DiffusionRecipe.From(opened), Is.EqualTo(new DiffusionRecipe { Schedule = "cosine" }));
    }

    [Test]
    public void The_report_shows_loss_by_timestep_and_samples()
    {
        var recipe = Work.Tiny with { Steps = 40, Batch = 12, SampleEvery = 8, OtherEmaRates = [0.5] };
        Work.Network(folder, recipe);
        var run = RunFolder.Open(Path.Combine(folder, "network"));

        var report = File.ReadAllText(run.ReportPath);
        foreach (var text in (string[])["<td>12</td>", "40 of 40 steps of 12 images", "0.9, 0.5", "float32",
            "images were waited for", "Samples of the average", "step 16", "step 24", "step 32", "step 40",
            "Length of the gradient"])
            Assert.That(report.Contains(text), text);
        Assert.That(report.Contains("step 8<"), Is.False, "four sheets are enough");
        var plot = File.ReadAllText(run.At("loss.svg"));
        foreach (var curve in (string[])["all timesteps", "t 0 to 249", "t 250 to 499", "t 500 to 749", "t 750 to 999"])
            Assert.That(plot, Does.Contain(curve));
    }

    [Test]
    public void A_long_log_is_averaged_in_the_picture_of_the_loss()
    {
        MetricsLine[] lines = [.. Enumerable.Range(1, 10_000).Select(i => new MetricsLine(i, i,
            new Dictionary<string, double> { ["loss"] = i % 2, ["loss_q0"] = 2, ["loss_q1"] = double.NaN }))];

        var plot = PretrainReport.Loss(lines, 1000).ToSvg();

        Assert.That(plot.Contains("t 0 to 249") && !plot.Contains("t 250 to 499"), "only curves with values");
        Assert.That(plot.Length, Is.LessThan(PretrainReport.Loss(lines[..200], 1000).ToSvg().Length + 4096));
    }

    [Test]
    public void The_groups_of_normalisations_are_kept_with_the_network()
    {
        Assert.That((UNetTrainingRecipe.NormGroupsOf(32), UNetTrainingRecipe.NormGroupsOf(96),
            UNetTrainingRecipe.NormGroupsOf(256), UNetTrainingRecipe.NormGroupsOf(512)), Is.EqualTo((4, 12, 32, 32)));
        using var saved = NetworkFile.Load(Work.Network(folder, Work.Tiny with { NormGroups = 4 }));
        Assert.That(saved.Network.Config.NormGroups, Is.EqualTo(4));
        using var scope = Scope.Open();
        using var no = GradMode.No();
        var (x, t) = (Tensor.Randn([2, 8, 8, 3], new Generator(1)), Tensor.Full([2], 100f));
        float[] Output(UNetConfig config)
        {
            using var network = new UNet(config);
            network.LoadStateDict(new Dictionary<string, Tensor>(saved.Network.StateDict()));
            network.Eval();
            return network.Forward(x, t).ToArray<float>();
        }

        var expected = Output(saved.Network.Config);
        Assert.That(saved.Network.Forward(x, t).ToArray<float>(), Is.EqualTo(expected));
        Assert.That(Output(saved.Network.Config with { NormGroups = 32 }), Is.Not.EqualTo(expected));
    }

    [Test]
    public void Several_averages_are_those_of_runs_with_one()
    {
        var several = Work.Tiny with { EmaRate = 0.9, OtherEmaRates = [0.5, 0.99] };
        Work.Network(folder, several);
        foreach (var rate in (double[])[0.9, 0.5, 0.99])
        {
            var alone = Work.Network(Path.Combine(folder, $"{rate}"), Work.Tiny with { EmaRate = rate });
            var name = rate == 0.9 ? "ema.safetensors" : FormattableString.Invariant($"ema-{rate}.safetensors");
            Assert.That(Work.Numbers(Path.Combine(folder, "network", name)), Is.EqualTo(Work.Numbers(alone)), name);
        }
    }

    [Test]
    public void Sums_of_microbatches_are_steps_of_a_longer_gradient()
    {
        double Norm(PretrainRecipe recipe)
        {
            using var trainer = new DiffusionTrainer(recipe, null);
            using var images = Tensor.Uniform([4, 8, 8, 3], -1, 1, new Generator(2));
            using var labels = Tensor.Zeros([4], DType.Int64);
            return trainer.Step(images, labels).GradNorm;
        }

        var whole = Norm(Work.Tiny);
        Assert.That(Norm(Work.Tiny with { Microbatch = 2 }), Is.EqualTo(whole).Within(1e-4).Percent);
        Assert.That(Norm(Work.Tiny with { Microbatch = 2, SumMicrobatches = true }),
            Is.EqualTo(2 * whole).Within(1e-3).Percent);
    }

    [Test]
    public void The_log_has_the_loss_of_every_quarter_of_the_timesteps()
    {
        var recipe = Work.Tiny with { Steps = 10, Batch = 12, LearningRate = 1e-9 };
        Work.Network(folder, recipe);
        var line = MetricsLog.Read(RunFolder.Open(Path.Combine(folder, "network")).MetricsPath).Single();
        var quarters = Enumerable.Range(0, 4).Select(i => line.Values[$"loss_q{i}"]).ToArray();
        Assert.That(quarters, Has.All.GreaterThan(0));

        var losses = new QuartileLosses(new TimestepDraw([0, 24, 25, 99], [1, 1, 1, 1]), [1, 3, 5, 7], 100);
        Assert.That(((int[])[0, 1, 3]).Select(i => losses[i]), Is.EqualTo(new[] { 2.0, 5, 7 }));
        Assert.That(losses[2], Is.NaN);
        losses.Add(new QuartileLosses(new TimestepDraw([50, 0], [1, 1]), [4, 8], 100));
        Assert.That((losses[0], losses[2]), Is.EqualTo((4.0, 4.0)));
    }

    [Test]
    public void Memory_is_estimated_and_a_budget_is_kept()
    {
        var recipe = Work.Tiny with { ImageSize = 32, ChannelMult = [1, 2], AttentionSizes = [16], Batch = 24 };
        PretrainMemory Chosen(PretrainRecipe with)
        {
            using var trainer = new DiffusionTrainer(with, null);
            return PretrainMemory.Choose(with, trainer);
        }

        long Taken(PretrainRecipe with, PretrainMemory memory)
        {
            var before = Device.Cpu.Memory.LiveBytes;
            using var trainer = new DiffusionTrainer(with, null);
            trainer.Use(memory);
            using var images = Tensor.Uniform([24, 32, 32, 3], -1, 1, new Generator(2));
            using var labels = Tensor.Zeros([24], DType.Int64);
            trainer.Step(images, labels);
            Device.Cpu.ResetPeak();
            trainer.Step(images, labels);
            return Device.Cpu.Memory.PeakBytes - before;
        }

        var all = Chosen(recipe);
        Assert.That((all.Microbatch, all.Recompute), Is.EqualTo((24, false)));
        Assert.That(Taken(recipe, all), Is.EqualTo(all.Peak).Within(15).Percent);

        var some = Chosen(recipe with { MemoryBudget = all.Peak * 2 / 3 });
        Assert.That((some.Microbatch, some.Recompute), Is.EqualTo(((int)((all.Peak * 2 / 3 - all.Fixed) / all.PerImage),
            false)));
        var few = Chosen(recipe with { MemoryBudget = all.Fixed + 5 * all.PerImage });
        Assert.That(few.Recompute);
        Assert.That(few.Microbatch, Is.GreaterThan(5));
        Assert.That(few.PerImage, Is.LessThan(all.PerImage));
        Assert.That(Taken(recipe, few), Is.LessThan(1.15 * few.Peak));
        Assert.That(() => Chosen(recipe with { MemoryBudget = 1000 }),
            Throws.TypeOf<DiffractException>().With.Message.Contains("more than the memory budget of 0.98 KiB"));
    }

    [Test]
    public void A_run_with_a_budget_goes_on_with_what_it_chose()
    {
        var data = DataSource.Any(Work.Folder(Path.Combine(folder, "pictures")), DatasetPart.Train);
        using var trainer = new DiffusionTrainer(Work.Tiny with { Batch = 12 }, null);
        var all = PretrainMemory.Choose(Work.Tiny with { Batch = 12 }, trainer);
        var recipe = Work.Tiny with { Batch = 12, MemoryBudget = all.Fixed + 9 * all.PerImage };
        var run = Work.Run(Path.Combine(folder, "budget"), recipe, PretrainRecipe.Json);
        new PretrainTask(run, recipe, data).Run(RunProgress.None);
        var chosen = RecipeFile.Load(run.At("memory.json"), PretrainMemory.Json);
        Assert.That(chosen, Is.EqualTo(all with { Microbatch = 9 }), "measured twice, the same");
        // A machine with less to spare goes on all the same.
        var less = recipe with { MemoryBudget = 1000, Steps = 8 };
        Assert.That(new PretrainTask(run, less, data).Run(RunProgress.None).Steps, Is.EqualTo(8));
    }

    [TestCase("800MiB", 800L << 20)]
    [TestCase("4G", 4L << 30)]
    [TestCase("1.5 GB", 1_500_000_000)]
    [TestCase("12", 12)]
    [TestCase("2kb", 2000)]
    [TestCase("many", null)]
    [TestCase("4GiBs", null)]
    [TestCase("-4G", null)]
    [TestCase("0", null)]
    public void Sizes_are_read(string text, long? bytes) => Assert.That(Units.ParseBytes(text), Is.EqualTo(bytes));

    [Test]
    public void Memory_stays_flat_over_2000_steps_and_no_tensor_is_forgotten()
    {
        var recipe = Work.Tiny with { ChannelMult = [1], AttentionSizes = [], Batch = 1, ImageSize = 4 };
        using var trainer = new DiffusionTrainer(recipe, null);
        using var images = Tensor.Empty([1, 4, 4, 3]);
        images.AsSpan<float>().Fill(0.5f);
        using var labels = Tensor.From(0L);
        for (var i = 0; i < 20; i++) trainer.Step(images, labels);
        // What earlier tests forgot must not go while the steps run.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Device.Cpu.Memory;
        for (var i = 0; i < 2000; i++) trainer.Step(images, labels);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var after = Device.Cpu.Memory;

        Assert.That(after.LiveBytes, Is.EqualTo(before.LiveBytes));
        Assert.That(after.LiveBlocks, Is.EqualTo(before.LiveBlocks));
        Assert.That(after.Forgotten, Is.EqualTo(before.Forgotten));
    }

    [Test]
    public void A_recipe_that_cannot_work_is_refused_with_the_reason()
    {
        Assert.That(() => new DiffusionTrainer(Work.Tiny with { ChannelMult = [1, 1, 1, 1, 1] }, null),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("multiple of 16, found 8"));
        Assert.That(() => new DiffusionTrainer(Work.Tiny with { Channels = 48 }, null),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("multiple of 32"));
        Assert.That(() => new DiffusionTrainer(Work.Tiny with { NormGroups = 5 }, null),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("multiple of the 5 groups"));
        Assert.That(() => new DiffusionTrainer(Work.Tiny with { Sampler = "best" }, null),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("uniform and loss-second-moment"));
    }

    /// <summary>Cancels when a number of steps is done, as Ctrl+C might.</summary>
    private sealed class StopAfter(int steps, CancellationTokenSource source) : IRunProgress, IProgressBar
    {
        private long done;

        public IProgressBar Begin(string title, long total, string unit, long done = 0) => this;

        public void Say(string line) { }

        public void Advance(long amount = 1, string? note = null)
        {
            if ((done += amount) == steps) source.Cancel();
        }

        public void Dispose() { }
    }
}
