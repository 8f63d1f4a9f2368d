using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>A U-Net under training as a denoiser (Ho et al. 2020, algorithm 1; Nichol and Dhariwal 2021). A step is a
/// function of the state, the step's number and the images: timesteps and noise come from a stream of the step's own.
/// </summary>
public sealed class DiffusionTrainer : IDisposable
{
    private readonly PretrainRecipe recipe;
    private readonly GaussianDiffusion diffusion;
    private readonly TimestepSampler sampler;
    private readonly AdamW optimizer;
    private readonly Ema ema;
    private readonly Generator root;
    private readonly LossScaler? scaler;
    private int? microbatch;

    /// <summary>A network with fresh weights.</summary>
    /// <param name="recipe">Architecture and training.</param>
    /// <param name="classes">Number of classes of a class-conditional network; null for an unconditional one.</param>
    /// <param name="device">Where it is trained; the CPU when left out.</param>
    /// <exception cref="DiffractException">Parts of the recipe do not fit each other, or the device.</exception>
    public DiffusionTrainer(PretrainRecipe recipe, int? classes, Device? device = null)
    {
        (this.recipe, microbatch) = (recipe, recipe.Microbatch);
        Diffusion = recipe.Diffusion;
        diffusion = Diffusion.Make(loss: recipe.Loss == "kl" ? LossType.RescaledKl : LossType.RescaledMse);
        sampler = recipe.Sampler switch
        {
            "uniform" => new UniformSampler(recipe.Timesteps),
            "loss-second-moment" => new LossSecondMomentSampler(recipe.Timesteps),
            _ => throw new DiffractException($"there is no sampler '{recipe.Sampler}'; there are uniform and "
                + "loss-second-moment"),
        };
        Precision = (recipe.Precision ?? NetworkPrecision.Float32).ForTraining(device ?? Device.Cpu);
        scaler = Precision == NetworkPrecision.Float16 ? new LossScaler() : null;
        root = new Generator(recipe.Seed);
        Network = new UNet(recipe.NetworkConfig(classes));
        if (device is not null) Network.To(device);
        Network.Initialise(root.Split(1));
        Network.Train();
        Network.RecomputeBlocks = recipe.Recompute;
        optimizer = new AdamW([new ParamGroup(Network.NamedParameters())], recipe.LearningRate,
            weightDecay: recipe.WeightDecay);
        ema = new Ema(Network.NamedParameters(), [recipe.EmaRate, .. recipe.OtherEmaRates]);
    }

    /// <summary>The network.</summary>
    public UNet Network { get; }

    /// <summary>The process it is trained for.</summary>
    public DiffusionRecipe Diffusion { get; }

    /// <summary>In which numbers the network calculates, in training and for samples; never
    /// <see cref="NetworkPrecision.Auto"/>.</summary>
    public NetworkPrecision Precision { get; }

    /// <summary>What the loss is multiplied by before backward, in float16; null elsewhere.</summary>
    public double? LossScale => scaler?.Value;

    /// <summary>Steps done, the skipped ones included.</summary>
    public long Steps { get; private set; }

    /// <summary>Steps whose gradients had overflowed in float16, so that the network stayed as it was.</summary>
    public long Skipped { get; private set; }

    /// <summary>Losses of the steps since <see cref="ForgetQuartiles"/>, skipped ones left out; a part of the state, so
    /// that a log is the same whatever was stopped in between.</summary>
    public QuartileLosses Quartiles { get; private set; } = new();

    /// <summary>Begins <see cref="Quartiles"/> anew.</summary>
    public void ForgetQuartiles() => Quartiles = new QuartileLosses();

    /// <summary>The moving averages of the parameters, by name.</summary>
    /// <param name="rate">One of the recipe's rates; its first when null.</param>
    public IEnumerable<KeyValuePair<string, Tensor>> Averages(double? rate = null) =>
        ema.Averages(rate ?? recipe.EmaRate).Select(a => KeyValuePair.Create(a.Name, a.Tensor));

    /// <summary>Puts the averages into the network until the result is disposed.</summary>
    public IDisposable UseAverages() => ema.Use(recipe.EmaRate);

    /// <summary>Saves memory in the steps that follow: sizes of microbatches, and recomputation. Numbers change by
    /// rounding alone.</summary>
    public void Use(PretrainMemory memory)
    {
        microbatch = memory.Microbatch;
        Network.RecomputeBlocks = memory.Recompute;
    }

    /// <summary>Calculates gradients of images that say nothing, and forgets them.</summary>
    /// <param name="images">How many.</param>
    /// <param name="recompute">Whether blocks run again in backward.</param>
    /// <returns>Bytes of training at the highest point, with the optimiser's moments, which come with the first step.
    /// </returns>
    internal long Rehearse(int images, bool recompute)
    {
        using var scope = Scope.Open();
        var (device, size, kept) = (Network.Device, recipe.ImageSize, Network.RecomputeBlocks);
        using var section = Precision.Use(device);
        Network.UseGenerator(new Generator(0));
        Network.RecomputeBlocks = recompute;
        // Memory that nobody uses any more must not come back meanwhile: it would hide what is taken.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        device.ResetPeak();
        var before = device.Memory.LiveBytes;
        // Weights, averages, two moments.
        var lasting = Network.Parameters().Sum(p => p.Shape.Count) * sizeof(float) * (3 + ema.Rates.Count());
        try
        {
            var blank = Tensor.Zeros([images, size, size, 3], device: device);
            var labels = Tensor.Zeros([images], DType.Int64, device);
            int[] middle = [.. Enumerable.Repeat(recipe.Timesteps / 2, images)];
            Losses(blank, labels, blank, middle).Loss.Mean().Backward();
            return device.Memory.PeakBytes - before + lasting;
        }
        finally
        {
            optimizer.ZeroGrad();
            Network.RecomputeBlocks = kept;
        }
    }

    /// <summary>Makes one step.</summary>
    /// <param name="images">[N, S, S, 3], -1 to 1; on any device, as the labels.</param>
    /// <param name="labels">[N]; used by class-conditional networks.</param>
    /// <exception cref="DiffractException">Loss or gradient is not finite; nothing has changed. In float16 the step is
    /// skipped instead, until too many in a row were.</exception>
    public DiffusionStep Step(Tensor images, Tensor labels)
    {
        using var scope = Scope.Open();
        var random = root.Split(2).Split((ulong)Steps);
        var draw = sampler.Sample(images.Shape.Int(0), random);
        return Step(images, labels, draw, Tensor.Randn(images.Shape, random, device: Network.Device));
    }

    /// <summary>Makes one step with given timesteps and noise.</summary>
    /// <param name="images">[N, S, S, 3], -1 to 1; on any device, as the labels.</param>
    /// <param name="labels">[N]; used by class-conditional networks.</param>
    /// <param name="draw">One timestep an image, with its weight.</param>
    /// <param name="noise">Standard normal, of the images' shape, on the network's device.</param>
    /// <inheritdoc cref="Step(Tensor, Tensor)"/>
    public DiffusionStep Step(Tensor images, Tensor labels, TimestepDraw draw, Tensor noise)
    {
        using var scope = Scope.Open();
        var device = Network.Device;
        using var section = Precision.Use(device);
        Network.UseGenerator(root.Split(2).Split((ulong)Steps).Split(1));
        var count = images.Shape.Int(0);
        (images, labels) = (images.To(device), labels.To(device));
        var weights = draw.WeightTensor(device);
        optimizer.ZeroGrad();
        var parts = new List<Tensor>();
        var micro = Math.Min(microbatch ?? count, count);
        for (var first = 0; first < count; first += micro)
        {
            using var part = Scope.Open();
            var size = Math.Min(micro, count - first);
            var terms = Losses(images.Slice(0, first, size), labels.Slice(0, first, size), noise.Slice(0, first, size),
                [.. draw.T.Skip(first).Take(size)]);
            // Divided by the whole batch, so that microbatches change the memory and not the step.
            var sum = (terms.Loss * weights.Slice(0, first, size)).Sum();
            var mean = sum / count;
            var minimised = recipe.SumMicrobatches ? sum / size : mean;
            (scaler?.Scale(minimised) ?? minimised).Backward();
            using var no = GradMode.No();
            parts.Add(part.Keep(Tensor.Concat(0, [mean.Reshape([1]), terms.Loss, terms.Mse ?? terms.Loss])));
        }
        var (loss, mse, losses) = Read(parts, count);
        var quartiles = new QuartileLosses(draw, losses, recipe.Timesteps);
        double? error = recipe.Loss == "kl" ? null : mse;
        var rate = RateOf(Steps);
        double norm;
        if (scaler is null) norm = ClipGrad.TotalNorm(Network.Parameters());
        else if (!scaler.Unscale(Network.Parameters(), out norm))
        {
            // It counts as a step all the same: the next one draws other timesteps and noise.
            Steps++;
            Skipped++;
            return new DiffusionStep(loss, error, norm, rate, quartiles);
        }
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw new DiffractException($"step {Steps}: the loss is {loss:g4} and the length of the gradient "
                + $"{norm:g4}; the network has not changed. Use a lower learning rate, a warm-up or --clip-norm");
        if (recipe.ClipNorm is { } limit) ClipGrad.ByKnownNorm(Network.Parameters(), norm, limit);
        foreach (var group in optimizer.Groups) group.Lr = rate;
        optimizer.Step();
        ema.Update();
        (sampler as LossSecondMomentSampler)?.Update(draw.T, losses);
        Quartiles.Add(quartiles);
        Steps++;
        return new DiffusionStep(loss, error, norm, rate, quartiles);
    }

    /// <summary>Counts a step that there are no images for.</summary>
    public void Pass() => Steps++;

    /// <summary>Everything needed to go on.</summary>
    public SavedState Save()
    {
        var state = new SavedState();
        foreach (var (name, tensor) in Network.StateDict()) state.Tensors[$"network.{name}"] = tensor;
        state.Add("optimizer", optimizer.SaveState()).Add("ema", ema.SaveState());
        if (sampler is IStateful stateful) state.Add("sampler", stateful.SaveState());
        if (scaler is not null)
        {
            state.Add("scaler", scaler.SaveState());
            state.Numbers["skipped"] = Skipped;
        }
        state.Numbers["steps"] = Steps;
        Quartiles.Save(state);
        return state;
    }

    /// <summary>Goes on where <see cref="Save"/> was called.</summary>
    public void Load(SavedState state)
    {
        Network.LoadStateDict(new Dictionary<string, Tensor>(state.Part("network").Tensors));
        optimizer.LoadState(state.Part("optimizer"));
        ema.LoadState(state.Part("ema"));
        (sampler as IStateful)?.LoadState(state.Part("sampler"));
        if (scaler is not null)
        {
            scaler.LoadState(state.Part("scaler"));
            Skipped = (long)state.Number("skipped");
        }
        Steps = (long)state.Number("steps");
        Quartiles = QuartileLosses.Load(state);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        (sampler as IDisposable)?.Dispose();
        ema.Dispose();
        optimizer.Dispose();
        Network.Dispose();
    }

    // Once all microbatches are queued, and before the network changes: a step whose loss is not finite must leave it.
    private static (double Loss, double Mse, double[] Losses) Read(List<Tensor> parts, int count)
    {
        double loss = 0, mse = 0;
        var losses = new List<double>(count);
        foreach (var part in parts)
        {
            var values = part.ToArray<float>();
            var size = (values.Length - 1) / 2;
            loss += values[0];
            losses.AddRange(values[1..(size + 1)].Select(v => (double)v));
            mse += values[(size + 1)..].Sum() / (double)count;
        }
        return (loss, mse, [.. losses]);
    }

    private DiffusionLoss Losses(Tensor images, Tensor labels, Tensor noise, int[] t) => diffusion.TrainingLosses(
        (x, timesteps) => Network.Forward(x, timesteps, Network.Config.NumClasses is null ? null : labels).To(x.DType),
        images, t, noise);

    private double RateOf(long step)
    {
        var rate = recipe.LearningRate;
        if (step < recipe.Warmup) rate *= (step + 1.0) / recipe.Warmup;
        return recipe.Anneal ? new LinearSchedule(recipe.Steps).At(rate, step) : rate;
    }
}
