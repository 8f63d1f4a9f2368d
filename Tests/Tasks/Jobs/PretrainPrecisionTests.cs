using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using Diffract.Tests.Tasks;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Pretraining in 16 bits: on the CPU, which widens them, and on interpreted GPUs, with both ways to multiply.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class PretrainPrecisionTests
{
    private static readonly PretrainRecipe small = Work.Tiny with
    {
        ImageSize = 2,
        ChannelMult = [1],
        AttentionSizes = [2],
        Batch = 2,
        Dropout = 0.1f,
        Sampler = "loss-second-moment",
    };

    private static Device On(int architecture) => architecture == 0 ? Device.Cpu : new SimDevice(architecture);

    // A product of two bfloat16 numbers is wrong by up to 2^-8, of two float16 numbers by 2^-11. Errors of single
    // products cancel in a sum, and the loss is a mean over pixels: it is as near as one of them, and so is the length
    // of the gradient, whose every part is rounded twice as often.
    [Test]
    public void Losses_are_those_of_float32_but_for_rounding(
        [Values(0, 80, 90)] int architecture,
        [Values(NetworkPrecision.BFloat16, NetworkPrecision.Float16)] NetworkPrecision precision)
    {
        var unit = Math.Pow(2, precision == NetworkPrecision.BFloat16 ? -8 : -11);
        using var exact = new DiffusionTrainer(small, null);
        using var mixed = Begin(small with { Precision = precision }, architecture);
        using var images = Images();
        using var labels = Tensor.From(0L, 0L);
        var differs = false;
        for (var i = 0; i < 2; i++)
        {
            var (expected, found) = (exact.Step(images, labels), mixed.Step(images, labels));
            Assert.That(found.Loss, Is.EqualTo(expected.Loss).Within(unit * expected.Loss), $"step {i}");
            Assert.That(found.GradNorm, Is.EqualTo(expected.GradNorm).Within(2 * unit * expected.GradNorm));
            Assert.That(found.IsSkipped, Is.False);
            differs |= found.Loss != expected.Loss;
        }
        Assert.That(differs, Is.True, "something was rounded");
        Assert.That(mixed.Network.Parameters().Select(p => p.DType), Is.All.EqualTo(DType.Float32));
        Assert.That(mixed.Averages().Select(a => a.Value.DType), Is.All.EqualTo(DType.Float32));
    }

    [Test]
    public void An_overflow_skips_the_step_and_halves_the_scale([Values(0, 80)] int architecture)
    {
        using var trainer = Begin(small with { Precision = NetworkPrecision.Float16, ClipNorm = 0.5 }, architecture);
        using var images = Images();
        using var labels = Tensor.From(0L, 0L);
        trainer.Step(images, labels);
        using var broken = Images();
        broken.AsSpan<float>()[5] = float.PositiveInfinity;
        var (before, scale) = (Bits(trainer), trainer.LossScale!.Value);

        Assert.That(trainer.Step(broken, labels).IsSkipped, Is.True);
        Assert.That(trainer.LossScale, Is.EqualTo(scale / 2).Within(1e-9 * scale));
        Assert.That((trainer.Steps, trainer.Skipped), Is.EqualTo((2, 1)));
        Assert.That(Bits(trainer), Is.EqualTo(before), "network, optimiser, average and history are as they were");

        Assert.That(trainer.Step(images, labels).IsSkipped, Is.False);
        Assert.That(Bits(trainer), Is.Not.EqualTo(before));
        Assert.That((trainer.Steps, trainer.Skipped), Is.EqualTo((3, 1)));
    }

    [TestCase(NetworkPrecision.Float32)]
    [TestCase(NetworkPrecision.BFloat16)]
    public void Without_a_scale_an_infinity_is_an_error_that_changes_nothing(NetworkPrecision precision)
    {
        using var trainer = new DiffusionTrainer(small with { Precision = precision }, null);
        using var images = Images();
        using var labels = Tensor.From(0L, 0L);
        images.AsSpan<float>()[5] = float.PositiveInfinity;
        var before = Bits(trainer);
        Assert.That(trainer.LossScale, Is.Null);
        Assert.That(() => trainer.Step(images, labels),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("the network has not changed"));
        Assert.That(Bits(trainer), Is.EqualTo(before));
    }

    [TestCase(0, NetworkPrecision.BFloat16)]
    [TestCase(0, NetworkPrecision.Float16)]
    [TestCase(80, NetworkPrecision.Float16)]
    public void A_state_goes_on_with_the_same_bits(int architecture, NetworkPrecision precision)
    {
        var recipe = small with { Precision = precision, AttentionSizes = [], Recompute = true };
        using var folder = new TemporaryFolder();
        using var images = Images();
        using var labels = Tensor.From(0L, 0L);
        using var straight = Begin(recipe, architecture);
        straight.Step(images, labels);
        if (precision == NetworkPrecision.Float16)
        {
            using var broken = Images();
            broken.AsSpan<float>().Fill(float.PositiveInfinity);
            straight.Step(broken, labels);
        }
        StateFile.Save(folder["state.safetensors"], straight.Save(), "test");

        using var resumed = new DiffusionTrainer(recipe, null, On(architecture));
        var (state, _) = StateFile.Load(folder["state.safetensors"], "test");
        resumed.Load(state);
        foreach (var tensor in state.Tensors.Values) tensor.Dispose();
        Assert.That((resumed.Steps, resumed.Skipped, resumed.LossScale),
            Is.EqualTo((straight.Steps, straight.Skipped, straight.LossScale)));
        var (found, expected) = (resumed.Step(images, labels), straight.Step(images, labels));
        Assert.That(found with { Quartiles = expected.Quartiles }, Is.EqualTo(expected));
        for (var i = 0; i < QuartileLosses.Count; i++)
            Assert.That(found.Quartiles[i], Is.EqualTo(expected.Quartiles[i]));
        Assert.That(Bits(resumed), Is.EqualTo(Bits(straight)));
        Assert.That(resumed.LossScale, Is.EqualTo(straight.LossScale));
    }

    [Test]
    public void A_state_without_a_scale_is_refused_by_float16()
    {
        using var trainer = new DiffusionTrainer(small, null);
        using var other = new DiffusionTrainer(small with { Precision = NetworkPrecision.Float16 }, null);
        Assert.That(() => other.Load(trainer.Save()),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("lg_loss_scale"));
    }

    [Test]
    public void A_recipe_keeps_its_precision_and_an_old_one_is_float32()
    {
        using var folder = new TemporaryFolder();
        var recipe = small with { Precision = NetworkPrecision.BFloat16 };
        RecipeFile.Save(folder["recipe.json"], recipe, PretrainRecipe.Json);
        Assert.That(RecipeFile.Load(folder["recipe.json"], PretrainRecipe.Json).Precision,
            Is.EqualTo(NetworkPrecision.BFloat16));

        File.WriteAllText(folder["recipe.json"], """{ "data": "pictures" }""");
        Assert.That(RecipeFile.Load(folder["recipe.json"], PretrainRecipe.Json).Precision,
            Is.Null);
        using var trainer = new DiffusionTrainer(small with { Precision = null }, null);
        Assert.That(trainer.Precision, Is.EqualTo(NetworkPrecision.Float32));
        File.WriteAllText(folder["recipe.json"], """{ "data": "pictures", "precision": "Float8" }""");
        Assert.That(() => RecipeFile.Load(folder["recipe.json"], PretrainRecipe.Json),
            Throws.InstanceOf<RunException>().With.Message.Contains("recipe.json: line 1: "));
    }

    [Test]
    public void Metrics_of_float16_have_the_scale_and_count_skipped_steps()
    {
        using var folder = new TemporaryFolder();
        var data = DataSource.Any(Work.Folder(folder["pictures"], size: 2), DatasetPart.Train);
        PretrainResult result = null!;
        Dictionary<string, double> Values(NetworkPrecision precision)
        {
            var recipe = small with
            {
                Precision = precision,
                Steps = 10,
                SampleEvery = 10,
                Schedule = "cosine",
                Timesteps = 2,
            };
            var run = Work.Run(folder[$"{precision}"], recipe, PretrainRecipe.Json);
            result = new PretrainTask(run, recipe, data).Run(RunProgress.None);
            Assert.That(File.Exists(run.At(Path.Combine("samples", "step-00000010.png"))), Is.True);
            return new(MetricsLog.Read(run.MetricsPath)[^1].Values);
        }

        var values = Values(NetworkPrecision.Float16);
        // The loss of so few pixels overflows at first, until the scale has fallen.
        var skipped = values["skipped"];
        Assert.That(skipped, Is.InRange(1, 9));
        Assert.That(Math.Log2(values["loss_scale"]), Is.EqualTo(20 - skipped + 0.001 * (10 - skipped)).Within(1e-9));
        Assert.That(result.Loss, Is.LessThan(2), "what was skipped is no part of it");
        Assert.That(Values(NetworkPrecision.BFloat16).Keys,
            Is.SupersetOf(new[] { "loss", "mse", "grad_norm", "lr" })
                .And.None.EqualTo("loss_scale"));
    }

    [TestCase(NetworkPrecision.Tf32)]
    [TestCase(NetworkPrecision.Tf32x3)]
    public void Tf32_is_the_networks_and_ends_with_its_step(NetworkPrecision precision)
    {
        Assert.That(() => new DiffusionTrainer(small with { Precision = precision }, null),
            Throws.InstanceOf<DeviceException>().With.Message.Contains("has no TF32"));
        var device = new SimDevice();
        using var images = Images();
        using var labels = Tensor.From(0L, 0L);
        double Length(NetworkPrecision precision)
        {
            var recipe = small with { Precision = precision, AttentionSizes = [] };
            using var trainer = new DiffusionTrainer(recipe, null, device);
            var length = trainer.Step(images, labels).GradNorm;
            Assert.That(device.MatMulPrecision, Is.EqualTo(MatMulPrecision.Exact));
            return length;
        }

        var exact = Length(NetworkPrecision.Float32);
        Assert.That(Length(precision), Is.EqualTo(exact).Within(precision == NetworkPrecision.Tf32 ? 2e-3 : 1e-5)
            .And.Not.EqualTo(exact));
    }

    [Test]
    public void A_frozen_networks_tf32_is_not_that_of_the_head()
    {
        using var folder = new TemporaryFolder();
        var checkpoint = Work.Network(folder.Path, small with { Steps = 2 });
        var device = new SimDevice();
        using var images = Images().To(device);
        float[] Map(NetworkPrecision precision)
        {
            using var network = NetworkFile.Load(checkpoint,
                inference: new InferenceRecipe { Precision = precision }, device: device);
            using var maps = network.Backbone(null).Extract(images, [0, 1], new FeatureSpec([20], [2]),
                new NoiseSource(1, 0));
            Assert.That(device.MatMulPrecision, Is.EqualTo(MatMulPrecision.Exact));
            return maps[0][0].Map.ToArray<float>();
        }

        var exact = Map(NetworkPrecision.Float32);
        var found = Map(NetworkPrecision.Tf32);
        Assert.That(found, Is.Not.EqualTo(exact));
        Assert.That(found, Is.EqualTo(exact).Within(1e-2));
    }

    // A loss of 24 numbers has gradients so large that 2^20 times them are beyond float16.
    private static DiffusionTrainer Begin(PretrainRecipe recipe, int architecture)
    {
        var trainer = new DiffusionTrainer(recipe, null, On(architecture));
        if (trainer.LossScale is null) return trainer;
        var state = trainer.Save();
        state.Numbers["scaler.lg_loss_scale"] = 8;
        trainer.Load(state);
        return trainer;
    }

    private static Tensor Images() => Tensor.Uniform([2, 2, 2, 3], -1, 1, new Generator(1));

    // Everything that is saved, but for the counts and the scale.
    private static List<(string Name, string Bits)> Bits(DiffusionTrainer trainer) => [.. trainer.Save().Tensors.Select(
        t => (t.Key, Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes<double>(
            t.Value.DType == DType.Int64
                ? t.Value.ToArray<long>().Select(v => (double)v).ToArray()
                : t.Value.DType == DType.Float64
                    ? t.Value.ToArray<double>()
                    : t.Value.ToArray<float>().Select(v => (double)v).ToArray()))))];
}
