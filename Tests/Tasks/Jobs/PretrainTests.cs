using Diffract.Engine;
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
