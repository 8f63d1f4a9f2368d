using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Tests.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Autograd.Optim;

/// <summary>Training with float32 master weights and 16-bit products.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class MixedPrecisionTests
{
    [Test]
    public void Training_follows_that_in_float32(
        [Values("cpu", "sim")] string device, [Values(DType.Float16, DType.BFloat16)] DType half)
    {
        using var scope = Scope.Open();
        using var wide = new Trainer(On(device), null);
        using var mixed = new Trainer(On(device), half, half == DType.Float16 ? new LossScaler(start: 8) : null);
        for (var step = 0; step < 6; step++)
        {
            var (expected, found) = (wide.Step(), mixed.Step());
            // Both end far below their first loss of about log 3.
            Assert.That(found, Is.EqualTo(expected).Within(half == DType.Float16 ? 0.005 : 0.04), $"step {step}");
        }
        Assert.That(mixed.Step(), Is.LessThan(0.65));
    }

    [Test]
    public void A_step_that_overflows_is_skipped_and_the_scale_falls_until_one_is_made(
        [Values("cpu", "sim")] string device)
    {
        using var scope = Scope.Open();
        var scaler = new LossScaler(start: 30, growth: 0.5);
        using var trainer = new Trainer(On(device), DType.Float16, scaler);
        var (before, skipped) = (trainer.Values(), 0);
        while (true)
        {
            var scale = scaler.LogScale;
            trainer.Step();
            if (scaler.LogScale > scale) break;
            Assert.That(scaler.LogScale, Is.EqualTo(scale - 1));
            Assert.That(trainer.Values(), Is.EqualTo(before), "a skipped step changes nothing");
            skipped++;
        }
        Assert.That(skipped, Is.GreaterThan(0));
        Assert.That(scaler.LogScale, Is.EqualTo(30 - skipped + 0.5));
        Assert.That(trainer.Values(), Is.Not.EqualTo(before));
    }

    [Test]
    public void Gradients_are_unscaled_before_they_are_clipped([Values("cpu", "sim")] string device)
    {
        using var scope = Scope.Open();
        using var wide = new Trainer(On(device), null);
        using var mixed = new Trainer(On(device), DType.Float16, new LossScaler(start: 8));
        wide.Step();
        mixed.Step();
        Assert.That(mixed.Norm, Is.EqualTo(wide.Norm).Within(0.01 * wide.Norm));
    }

    [Test]
    public void An_interrupted_training_goes_on_to_the_bit([Values("cpu", "sim")] string device)
    {
        using var scope = Scope.Open();
        var on = On(device);
        using var straight = new Trainer(on, DType.Float16, new LossScaler(start: 18));
        for (var step = 0; step < 3; step++) straight.Step();
        using var resumed = new Trainer(on, DType.Float16, new LossScaler());
        resumed.Load(straight);
        for (var step = 0; step < 3; step++)
        {
            straight.Step();
            resumed.Step();
        }
        Assert.That(resumed.Values(), Is.EqualTo(straight.Values()));
        Assert.That(resumed.Scaler!.LogScale, Is.EqualTo(straight.Scaler!.LogScale));
    }

    private static Device On(string name) => name == "sim" ? new SimDevice() : Device.Cpu;

    /// <summary>A small classifier of images and what it is trained with.</summary>
    private sealed class Trainer : IDisposable
    {
        private readonly DType? half;
        private readonly Tensor image, labels;
        private readonly Tensor[] parameters;
        private readonly AdamW optimiser;

        public Trainer(Device device, DType? half, LossScaler? scaler = null)
        {
            (this.half, Scaler) = (half, scaler);
            using var scope = Scope.Open();
            image = Numbers(device, 50, 1, 4, 5, 5, 3);
            labels = Scope.Detach(Tensor.From([0L, 1, 2, 1], [4], device));
            parameters =
            [
                Numbers(device, 1, 0.3, 8, 3, 3, 3), Numbers(device, 2, 0.1, 8), Numbers(device, 3, 1, 8),
                Numbers(device, 4, 0.1, 8), Numbers(device, 5, 0.3, 8, 8, 3, 3), Numbers(device, 6, 0.1, 8),
                Numbers(device, 7, 0.4, 3, 8), Numbers(device, 8, 0.1, 3),
            ];
            foreach (var p in parameters) p.RequiresGrad = true;
            optimiser = new AdamW(parameters, lr: 0.03);
        }

        public LossScaler? Scaler { get; }

        /// <summary>Length of the last step's gradients before they were clipped.</summary>
        public double Norm { get; private set; }

        /// <summary>One step; the loss before it.</summary>
        public double Step()
        {
            using var scope = Scope.Open();
            optimiser.ZeroGrad();
            var loss = half is { } dtype ? MixedLoss(dtype) : Loss();
            Assert.That(loss.DType, Is.EqualTo(DType.Float32));
            (Scaler?.Scale(loss) ?? loss).Backward();
            foreach (var p in parameters) Assert.That(p.Grad!.DType, Is.EqualTo(DType.Float32));
            if (Scaler?.Unscale(parameters) ?? true)
            {
                Norm = ClipGrad.ByNorm(parameters, 1);
                optimiser.Step();
            }
            return loss.Item<float>();
        }

        public float[][] Values() => [.. parameters.Select(p => p.ToArray<float>())];

        public void Load(Trainer other)
        {
            foreach (var (p, from) in parameters.Zip(other.parameters)) p.CopyFrom<float>(from.ToArray<float>());
            optimiser.LoadState(other.optimiser.SaveState());
            Scaler!.LoadState(other.Scaler!.SaveState());
        }

        public void Dispose()
        {
            optimiser.Dispose();
            foreach (var tensor in parameters.Append(image).Append(labels)) tensor.Dispose();
        }

        private Tensor MixedLoss(DType dtype)
        {
            using var section = Autocast.Use(dtype);
            return Loss();
        }

        private Tensor Loss()
        {
            var p = parameters;
            var h = image.Conv2d(p[0], p[1], padding: 1).GroupNorm(2, p[2], p[3], silu: true);
            h = h + h.Conv2d(p[4], p[5], padding: 1).Silu();
            return h.AdaptiveAvgPool2d(1).Reshape([4, 8]).Linear(p[6], p[7]).CrossEntropy(labels);
        }

        private static Tensor Numbers(
            Device device, int seed, double deviation, params ReadOnlySpan<long> shape) =>
            Scope.Detach(OpCompare.Normal(Shape.Of(shape), seed, deviation: deviation).To(device).Detach());
    }
}
