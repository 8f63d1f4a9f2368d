using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>What one step of a classifier's training saw.</summary>
/// <param name="Loss">Mean cross-entropy, nats.</param>
/// <param name="LearningRate">The rate of the step.</param>
/// <param name="Quartiles">Cross-entropy by timestep, from the least noise to the most.</param>
/// <param name="IsSkipped">True when the gradients had overflowed in float16 and the network stayed as it was.</param>
public readonly record struct ClassifierStep(
    double Loss, double LearningRate, QuartileLosses Quartiles, bool IsSkipped);

/// <summary>A classifier of noised images under training. A step is a function of the state, the step's number and the
/// images: timesteps and noise come from a stream of the step's own.</summary>
public sealed class ClassifierTrainer : IDisposable
{
    private readonly ClassifierRecipe recipe;
    private readonly GaussianDiffusion process;
    private readonly AdamW optimizer;
    private readonly Generator root;
    private readonly LossScaler? scaler;

    /// <summary>A network with fresh weights.</summary>
    /// <param name="recipe">Architecture and training.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="device">Where it is trained; the CPU when left out.</param>
    /// <exception cref="DiffractException">Parts of the recipe do not fit each other, or the device.</exception>
    public ClassifierTrainer(ClassifierRecipe recipe, int classes, Device? device = null)
    {
        this.recipe = recipe;
        process = recipe.Diffusion.Make();
        Precision = recipe.Precision.ForTraining(device ?? Device.Cpu);
        // As guided-diffusion starts for classifiers.
        scaler = Precision == NetworkPrecision.Float16 ? new LossScaler(start: 16) : null;
        root = new Generator(recipe.Seed);
        Network = new EncoderUNet(recipe.NetworkConfig(classes));
        if (device is not null) Network.To(device);
        Network.Initialise(root.Split(1));
        Network.Train();
        optimizer = new AdamW([new ParamGroup(Network.NamedParameters())], recipe.LearningRate,
            weightDecay: recipe.WeightDecay);
    }

    /// <summary>The network.</summary>
    public EncoderUNet Network { get; }

    /// <summary>In which numbers the network calculates; never <see cref="NetworkPrecision.Auto"/>.</summary>
    public NetworkPrecision Precision { get; }

    /// <summary>Steps done.</summary>
    public long Steps { get; private set; }

    /// <summary>Makes one step.</summary>
    /// <param name="images">[N, S, S, 3], -1 to 1; on any device, as the labels.</param>
    /// <param name="labels">Int64 [N].</param>
    /// <exception cref="DiffractException">The loss is not finite; nothing has changed.</exception>
    public ClassifierStep Step(Tensor images, Tensor labels)
    {
        using var scope = Scope.Open();
        var device = Network.Device;
        using var section = Precision.Use(device);
        var random = root.Split(2).Split((ulong)Steps);
        var draw = new UniformSampler(recipe.Timesteps).Sample(images.Shape.Int(0), random);
        (images, labels) = (images.To(device), labels.To(device));
        int[] t = recipe.Noised ? [.. draw.T] : new int[images.Shape.Int(0)];
        if (recipe.Noised)
            images = process.QSample(images, t, Tensor.Randn(images.Shape, random, device: device));
        Network.UseGenerator(random.Split(1));
        optimizer.ZeroGrad();
        var losses = Losses(images, labels, t);
        var loss = losses.Average();
        var rate = recipe.Anneal
            ? new LinearSchedule(recipe.Steps).At(recipe.LearningRate, Steps)
            : recipe.LearningRate;
        if (!double.IsFinite(loss))
            throw new DiffractException($"step {Steps}: the loss is {loss:g4}; the network has not changed. Use a "
                + "lower learning rate");
        var skipped = scaler is not null && !scaler.Unscale(Network.Parameters());
        if (!skipped)
        {
            foreach (var group in optimizer.Groups) group.Lr = rate;
            optimizer.Step();
        }
        Steps++;
        return new ClassifierStep(loss, rate,
            new QuartileLosses(new TimestepDraw(t, [.. t.Select(_ => 1.0)]), losses, recipe.Timesteps), skipped);
    }

    /// <summary>Counts a step that there are no images for.</summary>
    public void Pass() => Steps++;

    /// <summary>Everything needed to go on.</summary>
    public SavedState Save()
    {
        var state = new SavedState();
        foreach (var (name, tensor) in Network.StateDict()) state.Tensors[$"network.{name}"] = tensor;
        state.Add("optimizer", optimizer.SaveState());
        if (scaler is not null) state.Add("scaler", scaler.SaveState());
        state.Numbers["steps"] = Steps;
        return state;
    }

    /// <summary>Goes on where <see cref="Save"/> was called.</summary>
    public void Load(SavedState state)
    {
        Network.LoadStateDict(new Dictionary<string, Tensor>(state.Part("network").Tensors));
        optimizer.LoadState(state.Part("optimizer"));
        scaler?.LoadState(state.Part("scaler"));
        Steps = (long)state.Number("steps");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        optimizer.Dispose();
        Network.Dispose();
    }

    // Gradients of the mean are left in the parameters.
    private double[] Losses(Tensor images, Tensor labels, int[] t)
    {
        var (count, losses) = (t.Length, new List<double>());
        var micro = Math.Min(recipe.Microbatch ?? count, count);
        for (var first = 0; first < count; first += micro)
        {
            using var part = Scope.Open();
            var size = Math.Min(micro, count - first);
            var logits = Network.Forward(images.Slice(0, first, size),
                process.Timesteps(t.AsSpan(first, size), images.Device));
            var each = logits.To(DType.Float32).CrossEntropy(labels.Slice(0, first, size),
                reduction: Kernels.Reduction.None);
            var mean = each.Sum() / count;
            (scaler?.Scale(mean) ?? mean).Backward();
            losses.AddRange(each.ToArray<float>().Select(v => (double)v));
        }
        return [.. losses];
    }
}
