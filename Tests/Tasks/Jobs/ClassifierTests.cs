using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Classifiers of noised images: that they learn, go on after a stop, say what they know, and guide.</summary>
internal sealed class ClassifierTests
{
    private static readonly ClassifierRecipe tiny = new()
    {
        Data = "memory",
        ImageSize = 8,
        Channels = 32,
        ChannelMult = [1, 1],
        AttentionSizes = [4],
        Steps = 40,
        Batch = 8,
        LearningRate = 3e-3,
        Validation = 0.25,
        SaveEvery = 15,
        // Mirrored, stripes stay what they are.
        Seed = 2,
    };

    private TemporaryFolder folder = null!;
    private ImageDataset data = null!;

    [OneTimeSetUp]
    public void Make()
    {
        folder = new TemporaryFolder();
        data = DataSource.Labelled(Work.Folder(folder["pictures"], perClass: 16));
    }

    [OneTimeTearDown]
    public void Remove() => folder.Dispose();

    [Test]
    public void It_learns_and_noise_makes_it_unsure()
    {
        var run = Work.Run(folder["learns"], tiny, ClassifierRecipe.Json);
        var task = new ClassifierTask(run, tiny, data);
        var result = task.Run(RunProgress.None);
        Assert.That(result.Validation[0].Timestep, Is.Null);
        Assert.That(result.Validation[0].Top1, Is.EqualTo(new Proportion(8, 8)));
        Assert.That(result.Validation[^1].Loss, Is.GreaterThan(2 * result.Validation[0].Loss));
        Assert.That(File.ReadAllText(run.At("accuracy.svg")), Does.Contain("top-1"));
        var log = MetricsLog.Read(run.MetricsPath);
        Assert.That(log.Select(l => l.Step), Is.EqualTo(new[] { 10, 20, 30, 40 }));
        Assert.That(log[^1].Values.Keys, Has.Some.StartsWith("loss_q"));

        using var loaded = ClassifierNetwork.Load(task.NetworkPath);
        Assert.That(loaded.Classes, Is.EqualTo(new[] { "across", "down" }));
        Assert.That(loaded.Process, Is.EqualTo(tiny.Diffusion));
        // The same noise in any batches, and other noise with another seed.
        ClassifierScore Score(int batch, ulong seed) =>
            ClassifierEvaluation.Run(loaded.Network, loaded.Process, data, 700, batch, seed);
        Assert.That(Score(5, 1).Loss, Is.EqualTo(Score(32, 1).Loss).Within(1e-5));
        Assert.That(Score(32, 2).Loss, Is.Not.EqualTo(Score(32, 1).Loss).Within(1e-4));
    }

    [TestCase("attention", null)]
    [TestCase("adaptive", 4)]
    [TestCase("spatial", 4)]
    [TestCase("spatial-v2", null)]
    public void A_run_that_was_stopped_ends_with_the_same_bits(string pool, int? microbatch)
    {
        var recipe = tiny with { Pool = pool, Microbatch = microbatch, Steps = 6, Dropout = 0.1f, Anneal = true };
        var straight = Work.Run(folder[$"straight-{pool}"], recipe, ClassifierRecipe.Json);
        new ClassifierTask(straight, recipe, data).Run(RunProgress.None);
        var stopped = Work.Run(folder[$"stopped-{pool}"], recipe, ClassifierRecipe.Json);
        using (var stop = new CancellationTokenSource())
            Assert.That(() => new ClassifierTask(stopped, recipe, data).Run(new StopLater(4, stop), stop.Token),
                Throws.InstanceOf<OperationCanceledException>());
        Assert.That(new ClassifierTask(stopped, recipe, data).Run(RunProgress.None).Steps, Is.EqualTo(6));
        Assert.That(Work.Numbers(stopped.At("classifier.safetensors")),
            Is.EqualTo(Work.Numbers(straight.At("classifier.safetensors"))));
    }

    [Test]
    public void Microbatches_change_memory_and_not_the_step()
    {
        float[] Weights(ClassifierRecipe recipe)
        {
            using var trainer = new ClassifierTrainer(recipe, 2);
            using var images = Tensor.Uniform([8, 8, 8, 3], -1, 1, new Generator(2));
            using var labels = Tensor.From(0L, 1, 0, 1, 1, 0, 0, 1);
            for (var i = 0; i < 3; i++) trainer.Step(images, labels);
            return trainer.Network.Parameters().First().ToArray<float>();
        }

        Assert.That(Weights(tiny with { Microbatch = 3 }), Is.EqualTo(Weights(tiny)).Within(1e-4));
    }

    [Test]
    public void Clean_images_have_no_noise()
    {
        using var trainer = new ClassifierTrainer(tiny with { Noised = false }, 2);
        using var images = Tensor.Uniform([4, 8, 8, 3], -1, 1, new Generator(2));
        using var labels = Tensor.From(0L, 1, 0, 1);
        using var logits = trainer.Network.Forward(images, Tensor.Zeros([4]));
        using var loss = logits.CrossEntropy(labels);
        var step = trainer.Step(images, labels);
        Assert.That(step.Loss, Is.EqualTo(loss.Item<float>()).Within(1e-5));
        Assert.That(step.Quartiles[0], Is.EqualTo(step.Loss).Within(1e-5));
        Assert.That(step.Quartiles[3], Is.NaN);
    }

    [Test]
    public void Guidance_refuses_a_classifier_of_other_noise()
    {
        var network = Work.Network(folder["guided"]);
        var other = tiny with { Schedule = "cosine", Steps = 1 };
        var task = new ClassifierTask(Work.Run(folder["cosine"], other, ClassifierRecipe.Json), other, data);
        task.Run(RunProgress.None);
        var recipe = new SampleRecipe { Network = network, Classifier = task.NetworkPath, Label = 1, Count = 1 };
        using var loaded = NetworkFile.Load(network);
        Assert.That(() => new SampleTask(Work.Run(folder["sample"], recipe, SampleRecipe.Json), recipe, loaded)
            .Run(RunProgress.None), Throws.TypeOf<DiffractException>().With.Message.Contains("the cosine schedule"));
    }

    [Test]
    public async Task The_program_trains_and_scores()
    {
        var (_, output, _) = await folder.Succeed("classifier --data {pictures} --image-size 8 --channels 32 "
            + "--channel-mult 1,1 --attention 4 --steps 3 --batch 4 --validation 0.2 --name {verb}");
        Assert.That(output, Does.Contain("clean  ").And.Contain("3 steps; the classifier is "));
        var (_, scores, _) = await folder.Succeed("evaluate-classifier {verb} --data {pictures} --timesteps 0,500");
        Assert.That(scores, Does.Match(@"(?s)clean +\d.* 0 +\d.*500 +\d.*scores: .*evaluation.json"));
        Assert.That(File.ReadAllText(folder["verb/classifier.evaluation.json"]), Does.Contain("\"timestep\": 500"));
        await folder.Fail("evaluate-classifier {verb} --data {pictures} --timesteps 1000",
            "knows timesteps 0 to 999, found 1000");
    }
}
