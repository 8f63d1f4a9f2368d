using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using Diffract.Tests.Engine.Cuda;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Whole jobs on a GPU whose kernels run in the interpreter: what they give is what they give on the CPU, but
/// for rounding, and a run begun on one device goes on on another.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class DeviceJobsTests
{
    private static readonly PretrainRecipe small = Work.Tiny with
    {
        ImageSize = 2,
        ChannelMult = [1],
        AttentionSizes = [],
        Batch = 2,
        Dropout = 0.1f,
        ClipNorm = 0.5,
        Sampler = "loss-second-moment",
    };

    private string folder = "", checkpoint = "";

    [OneTimeSetUp]
    public void MakeNetwork()
    {
        folder = Directory.CreateTempSubdirectory("diffract").FullName;
        checkpoint = Work.Network(folder, small);
    }

    [OneTimeTearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public void Features_and_heads()
    {
        using var driver = new MockDriver();
        using (var gpu = driver.Open())
        {
            var (expected, found) = (Features("cpu", null), Features("gpu", gpu));
            var (a, b) = (Work.Numbers(expected), Work.Numbers(found));
            Assert.That(b.Keys, Is.EqualTo(a.Keys));
            foreach (var (name, values) in a)
                Assert.That(b[name], Is.EqualTo(values).Within(1e-4f * values.Max(Math.Abs)), name);
            Assert.That(driver.Count("cuGraphLaunch"), Is.GreaterThan(0), "forwards are recorded");

            foreach (var kind in (string[])["linear", "attention"])
            {
                var (onCpu, onGpu) = (Train(expected, kind, null), Train(expected, kind, gpu));
                Assert.That(onGpu.Epochs.Select(e => e.TrainLoss),
                    Is.EqualTo(onCpu.Epochs.Select(e => e.TrainLoss)).Within(1e-3), kind);
                Assert.That(onGpu.Epochs.Select(e => e.ValidationLoss),
                    Is.EqualTo(onCpu.Epochs.Select(e => e.ValidationLoss)).Within(1e-3), kind);
                Evaluate(Path.Combine(folder, $"{kind}-gpu", "best.safetensors"), expected, gpu);
            }
            Assert.That(gpu.Memory.LiveBlocks, Is.Zero);
        }
        Assert.That(driver.Held, Is.Empty);
    }

    [Test]
    public void Heads_on_features_that_are_made_on_the_way()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        double[] Losses(Device? device)
        {
            using var network = Exact(device);
            var data = DataSource.Labelled(Path.Combine(folder, "pictures"), DatasetPart.Train);
            using var source = network.Features(data, new FeatureSpec([20], [1]), pool: 2);
            var recipe = new TrainRecipe { Head = new HeadRecipe { Kind = "linear", Pool = 2 }, Batch = 3, Seed = 3 };
            using var training = new HeadTraining(source, recipe, 1e-2, device);
            var losses = new List<double>();
            training.RunEpoch([0, 1, 2, 7, 8, 9], (_, loss) => losses.Add(loss));
            var score = HeadEvaluation.Run(training.Head, source, [3, 10], 2);
            return [.. losses, score.Loss];
        }

        Assert.That(Losses(gpu), Is.EqualTo(Losses(null)).Within(1e-4));
    }

    // The network of one level has encoder blocks 1 and 2, and decoder blocks 4 and 5.
    [TestCase("5:1,4:2", false)]
    [TestCase("4:2", true)]
    public void Feedback_and_fine_tuning(string feedback, bool fineTune)
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        double[] Losses(Device? device)
        {
            using var opened = OpenedFeatures.FromImages(DataSource.Labelled(Path.Combine(folder, "pictures")), new()
            {
                Network = checkpoint,
                Timesteps = [20],
                Blocks = [4],
                Seed = 3,
                Feedback = new FeedbackRecipe { Strategy = feedback },
                TrainsFeedback = true,
                FineTune = fineTune,
                Inference = new InferenceRecipe { Precision = NetworkPrecision.Float32 },
            }, device);
            var recipe = new TrainRecipe
            {
                Head = new HeadRecipe { Kind = "cnn", Pool = 4, Channels = [8, 4] },
                Batch = 3,
                Seed = 3,
            };
            using var training = new HeadTraining(opened.Source, recipe, 1e-2, device);
            var losses = new List<double>();
            training.RunEpoch([0, 1, 2, 7, 8, 9], (_, loss) => losses.Add(loss));
            var score = HeadEvaluation.Run(training.Head, opened.Source, [3, 10], 2);
            return [.. losses, score.Loss];
        }

        Assert.That(Losses(gpu), Is.EqualTo(Losses(null)).Within(1e-3));
    }

    [Test]
    public void Pretraining_on_one_device_goes_on_on_another()
    {
        using var driver = new MockDriver();
        using (var gpu = driver.Open())
        using (var images = Tensor.Uniform([2, 2, 2, 3], -1, 1, new Generator(1)))
        using (var labels = Tensor.From(1L, 0L))
        {
            var recipe = small with { ClassConditional = true, Microbatch = 1 };
            DiffusionTrainer Begin(Device? device) => new(recipe, 2, device);
            using var straight = Begin(null);
            var expected = Enumerable.Range(0, 3).Select(_ => straight.Step(images, labels)).ToArray();

            using var first = Begin(gpu);
            Assert.That(first.Network.Device, Is.SameAs(gpu));
            Same(first.Step(images, labels), expected[0]);
            using var second = Continue(first, Begin(null));
            Same(second.Step(images, labels), expected[1]);
            using var third = Continue(second, Begin(gpu));
            var before = driver.Count("cuMemcpyDtoHAsync_v2");
            Same(third.Step(images, labels), expected[2]);
            // The losses of two microbatches, and the length of the gradient.
            Assert.That(driver.Count("cuMemcpyDtoHAsync_v2") - before, Is.EqualTo(3));
            Assert.That(third.Network.Device, Is.SameAs(gpu));
            foreach (var ((name, a), (_, b)) in straight.Averages().Zip(third.Averages()))
                Assert.That(b.ToArray<float>(), Is.EqualTo(a.ToArray<float>()).Within(2e-4), name);
        }
        Assert.That(driver.Held, Is.Empty);
    }

    [Test]
    public void A_pretraining_run_and_its_samples()
    {
        using var driver = new MockDriver();
        using (var gpu = driver.Open())
        {
            var recipe = small with
            {
                Steps = 1,
                Batch = 1,
                Schedule = "cosine",
                Timesteps = 2,
                SampleEvery = 1,
                Sampler = "uniform",
            };
            var data = DataSource.Any(Path.Combine(folder, "pictures"), DatasetPart.Train);
            PretrainResult Run(string name, Device? device) => new PretrainTask(
                Work.Run(Path.Combine(folder, name), recipe, PretrainRecipe.Json), recipe, data, device)
                .Run(RunProgress.None);
            var (onCpu, onGpu) = (Run("pretrain-cpu", null), Run("pretrain-gpu", gpu));
            Assert.That(onGpu.Loss, Is.EqualTo(onCpu.Loss).Within(1e-4));
            var (a, b) = (Work.Numbers(onCpu.EmaPath), Work.Numbers(onGpu.EmaPath));
            foreach (var (name, values) in a) Assert.That(b[name], Is.EqualTo(values).Within(2e-4), name);
            Assert.That(File.Exists(Path.Combine(folder, "pretrain-gpu", "samples", "step-00000001.png")), Is.True);
            Assert.That(gpu.Memory.LiveBlocks, Is.Zero);
        }
        Assert.That(driver.Held, Is.Empty);
    }

    [Test]
    public void Samples_are_those_of_the_cpu()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        var process = new DiffusionRecipe { Schedule = "cosine", Timesteps = 4 };
        byte[] Pixels(Device? device)
        {
            using var network = Exact(device);
            return [.. SampleSheet.Samples(network.Network, process, 2, 2, 5).SelectMany(image => image.Pixels)];
        }

        var (expected, found) = (Pixels(null), Pixels(gpu));
        Assert.That(driver.Count("cuGraphLaunch"), Is.EqualTo(3), "all steps but the first");
        Assert.That(found.Zip(expected, (a, b) => Math.Abs(a - b)).Max(), Is.LessThanOrEqualTo(1));
    }

    [Test]
    public void A_network_is_loaded_tensor_by_tensor()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var network = Exact(gpu);
        Assert.That(network.Network.Parameters().Select(p => p.Device), Is.All.SameAs(gpu));
        Assert.That(gpu.Memory.PeakBytes, Is.EqualTo(gpu.Memory.LiveBytes), "nothing was there twice");
        using var onCpu = NetworkFile.Load(checkpoint);
        foreach (var ((name, a), (_, b)) in onCpu.Network.NamedParameters().Zip(network.Network.NamedParameters()))
            Assert.That(b.ToArray<float>(), Is.EqualTo(a.ToArray<float>()), name);
        using var lean = NetworkFile.Load(checkpoint, device: gpu,
            inference: new InferenceRecipe { Memory = MemoryMode.Lean });
        Assert.That(lean.Network.State().Count(p => p.Parameter.Value.DType == DType.Float16), Is.GreaterThan(0));
    }

    private DiffusionTrainer Continue(DiffusionTrainer from, DiffusionTrainer to)
    {
        var path = Path.Combine(folder, $"{Guid.NewGuid()}.safetensors");
        StateFile.Save(path, from.Save(), "test");
        var (state, _) = StateFile.Load(path, "test");
        to.Load(state);
        foreach (var tensor in state.Tensors.Values) tensor.Dispose();
        return to;
    }

    private static void Same(DiffusionStep found, DiffusionStep expected)
    {
        Assert.That(found.Loss, Is.EqualTo(expected.Loss).Within(1e-4));
        Assert.That(found.Mse!.Value, Is.EqualTo(expected.Mse!.Value).Within(1e-4));
        Assert.That(found.GradNorm, Is.EqualTo(expected.GradNorm).Within(1e-3));
    }

    // In float32 throughout, so that devices can be compared.
    private DiffusionNetwork Exact(Device? device) => NetworkFile.Load(checkpoint,
        inference: new InferenceRecipe { Precision = NetworkPrecision.Float32 }, device: device);

    private string Features(string name, Device? device)
    {
        var path = Path.Combine(folder, $"features-{name}.safetensors");
        var recipe = new FeaturesRecipe
        {
            Data = Path.Combine(folder, "pictures"),
            Network = checkpoint,
            Timesteps = [20],
            Blocks = [1, 2],
            Batch = 4,
            Draws = 2,
            Pool = 2,
            Seed = 9,
        };
        using var network = Exact(device);
        new FeaturesTask(path, recipe, DataSource.Any(recipe.Data, DatasetPart.Train), network).Run(RunProgress.None);
        return path;
    }

    private TrainResult Train(string features, string kind, Device? device)
    {
        var recipe = new TrainRecipe
        {
            Features = features,
            Head = new HeadRecipe { Kind = kind, Pool = 2, Width = 32, Heads = 2, Layers = 1, Norm = "batch" },
            Optimiser = OptimiserRecipe.Paper with { LearningRate = 1e-2 },
            Epochs = 2,
            Batch = 4,
            Validation = 0.3,
            Seed = 3,
        };
        using var table = FeatureTable.Open(features);
        var path = Path.Combine(folder, $"{kind}-{(device is null ? "cpu" : "gpu")}");
        var run = Work.Run(path, recipe, TrainRecipe.Json);
        return new TrainTask(run, recipe, table, device).Run(RunProgress.None);
    }

    private static void Evaluate(string path, string features, Device device)
    {
        using var table = FeatureTable.Open(features);
        HeadScore Score(Device? on)
        {
            var (head, _) = HeadFile.Load(path, on);
            using var owned = head;
            return HeadEvaluation.Run(head, table, [.. Enumerable.Range(0, table.Count)], 5);
        }

        var (expected, found) = (Score(null), Score(device));
        Assert.That(found.Loss, Is.EqualTo(expected.Loss).Within(1e-4));
        Assert.That(found.Accuracy, Is.EqualTo(expected.Accuracy));
    }
}
