using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>A head under training, with what is trained in front of it: weights, optimiser, and how far it is.
/// Everything that happens is a function of the recipe, the learning rate and the position, so a saved state continues
/// bit by bit.
/// </summary>
public sealed class HeadTraining : IDisposable
{
    internal const string EpochNumber = "position.epoch", BatchNumber = "position.batch";

    private const string LossNumber = "position.loss";
    private const string ImagesNumber = "position.images";
    private const string Trained = "trained", Scaler = "scaler";

    private readonly IFeatureSource source;
    private readonly TrainRecipe recipe;
    private readonly Optimizer optimizer;
    private readonly StepSchedule schedule;
    private readonly LossScaler? scaler;
    private double lossSum;
    private long images;
    private double stepLoss;
    private int stepImages;

    /// <summary>A fresh head; what is trained in front of it goes back to its start.</summary>
    /// <param name="source">Features and labels.</param>
    /// <param name="recipe">Head, optimiser, batch and seed.</param>
    /// <param name="learningRate">Learning rate of the first epoch.</param>
    /// <param name="device">Where the head is trained; the CPU when left out. Features may be elsewhere.</param>
    /// <exception cref="DiffractException">The recipe has a rate for the network, which is not trained.</exception>
    public HeadTraining(IFeatureSource source, TrainRecipe recipe, double learningRate, Device? device = null)
    {
        if (recipe.NetworkRate is not null && source.Trained?.Tuned is null)
            throw new DiffractException("the network has a learning rate, and is not trained");
        (this.source, this.recipe, LearningRate) = (source, recipe, learningRate);
        Head = HeadFactory.Make(recipe.Head, source);
        if (device is not null) Head.To(device);
        Head.Initialise(new Generator(recipe.Seed).Split(1));
        var o = recipe.Optimiser;
        source.Trained?.Reset();
        optimizer = o.Make(Groups(), learningRate);
        // As guided-diffusion starts for classifiers.
        if (source.Trained is { NeedsScaledLoss: true }) scaler = new LossScaler(start: 16);
        schedule = new StepSchedule(o.StepEpochs, o.StepFactor);
    }

    /// <summary>The head.</summary>
    public Head Head { get; }

    /// <summary>Learning rate of the first epoch.</summary>
    public double LearningRate { get; }

    /// <summary>The epoch that comes next, or that is under way.</summary>
    public int Epoch { get; private set; }

    /// <summary>Batches of <see cref="Epoch"/> that are done.</summary>
    public int BatchesDone { get; private set; }

    /// <summary>Mean loss over the images of the epoch so far, or of the last whole epoch between two.</summary>
    public double MeanLoss => lossSum / Math.Max(1, images);

    /// <summary>Images of the epoch so far, or of the last whole epoch between two.</summary>
    public long Images => images;

    /// <summary>Whether the epoch's loss and every number that is trained are finite. The loss alone does not tell: the
    /// last step may have been the one that broke the weights.</summary>
    public bool IsFinite
    {
        get
        {
            using var scope = Scope.Open();
            return double.IsFinite(MeanLoss)
                && optimizer.Parameters.All(p => float.IsFinite(p.Detach().To(DType.Float32).Sum().Item<float>()));
        }
    }

    /// <summary>Multiply-accumulates of the first step that was made here, for one image: of all that came before the
    /// head too, forward and backward. Null before.</summary>
    public long? MacsPerImage { get; private set; }

    /// <summary>Trains until the end of the present epoch.</summary>
    /// <param name="items">The images to train on.</param>
    /// <param name="onStep">Called after every step with the images in it and the loss.</param>
    /// <param name="cancellation">Stops between two steps; the position stays right.</param>
    public void RunEpoch(IReadOnlyList<int> items, Action<int, double>? onStep = null,
        CancellationToken cancellation = default) => RunEpoch([this], items, onStep, cancellation);

    /// <summary>Trains several heads until the end of the present epoch on frozen features, which are calculated once
    /// for all of them. Each learns what it would alone, bit by bit.</summary>
    /// <param name="trainings">Trainings of one source and recipe that are equally far; of other learning rates, for
    /// instance.</param>
    /// <param name="items">The images to train on.</param>
    /// <param name="onStep">Called after every step with the images in it and the first training's loss.</param>
    /// <param name="cancellation">Stops between two steps; the position stays right.</param>
    /// <exception cref="ArgumentException">Something is trained in front of several heads.</exception>
    public static void RunEpoch(IReadOnlyList<HeadTraining> trainings, IReadOnlyList<int> items,
        Action<int, double>? onStep = null, CancellationToken cancellation = default)
    {
        var first = trainings[0];
        var (source, recipe) = (first.source, first.recipe);
        if (trainings.Count > 1 && source.Trained is not null)
            throw new ArgumentException("what is in front of a head learns for that head alone", nameof(trainings));
        foreach (var training in trainings) training.BeginEpoch();
        var (micro, parts) = (recipe.AtOnce, recipe.StepParts);
        // Heads and what is trained in front of them may have running statistics: a step is done whole, or not begun.
        var inside = source.Trained is null && parts == 1 ? cancellation : CancellationToken.None;
        cancellation.ThrowIfCancellationRequested();
        using var counter = MultiplyAdds.Count();
        var pass = new FeaturePass(micro, true, recipe.Seed, first.Epoch, first.BatchesDone * parts, Before: number =>
        {
            // The last microbatches of the step before were broken.
            if (first.stepImages > 0 && number / parts != first.BatchesDone) EndStep();
        });
        foreach (var batch in source.Batches(items, pass, inside))
        {
            using (batch)
                foreach (var training in trainings) training.Take(batch, batch.Number / parts, items.Count);
            if (batch.Number % parts == parts - 1) EndStep();
        }
        if (first.stepImages > 0) EndStep();
        foreach (var training in trainings) (training.Epoch, training.BatchesDone) = (training.Epoch + 1, 0);

        void EndStep()
        {
            if (trainings.Count == 1) first.MacsPerImage ??= counter.Total / first.stepImages;
            var (count, loss) = (first.stepImages, first.stepLoss / first.stepImages);
            foreach (var training in trainings) training.EndStep();
            onStep?.Invoke(count, loss);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Everything needed to go on.</summary>
    public SavedState Save()
    {
        var state = new SavedState();
        foreach (var (name, tensor) in Head.StateDict()) state.Tensors[$"head.{name}"] = tensor;
        if (source.Trained is { } trained) state.Add(Trained, trained.Save());
        if (scaler is not null) state.Add(Scaler, scaler.SaveState());
        state.Add("optimizer", optimizer.SaveState());
        state.Numbers[EpochNumber] = Epoch;
        state.Numbers[BatchNumber] = BatchesDone;
        state.Numbers[LossNumber] = lossSum;
        state.Numbers[ImagesNumber] = images;
        return state;
    }

    /// <summary>Goes on where <see cref="Save"/> was called.</summary>
    public void Load(SavedState state)
    {
        Head.LoadStateDict(new Dictionary<string, Tensor>(state.Part("head").Tensors));
        source.Trained?.Load(state.Part(Trained));
        scaler?.LoadState(state.Part(Scaler));
        optimizer.LoadState(state.Part("optimizer"));
        Epoch = (int)state.Number(EpochNumber);
        BatchesDone = (int)state.Number(BatchNumber);
        lossSum = state.Number(LossNumber);
        images = (long)state.Number(ImagesNumber);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        optimizer.Dispose();
        Head.Dispose();
    }

    // One group for one rate: a state that was saved without a rate for the network has one.
    private ParamGroup[] Groups()
    {
        var feedback = Named(source.Trained?.FeedbackParameters);
        var network = Named(source.Trained?.NetworkParameters);
        return recipe.NetworkRate is { } rate
            ? [new ParamGroup([.. Head.NamedParameters(), .. feedback]), new ParamGroup(network, rate)]
            : [new ParamGroup([.. Head.NamedParameters(), .. feedback, .. network])];

        static IEnumerable<(string, Tensor)> Named(IEnumerable<(string Name, Tensor Parameter)>? parameters) =>
            (parameters ?? []).Select(p => ($"{Trained}.{p.Name}", p.Parameter));
    }

    private void BeginEpoch()
    {
        schedule.Apply(optimizer, Epoch);
        Head.Train();
        if (BatchesDone == 0) (lossSum, images) = (0, 0);
        (stepLoss, stepImages) = (0, 0);
    }

    private void Take(LabelledFeatures batch, int step, int all)
    {
        if (stepImages == 0) optimizer.ZeroGrad();
        // Steps whose images are all broken are left out.
        BatchesDone = step;
        // Each microbatch counts by its share of the step's images, as far as they are known beforehand.
        var whole = Math.Min(recipe.Batch, all - BatchesDone * recipe.Batch);
        var loss = Accumulate(batch, recipe.StepParts == 1 ? 1 : (double)batch.Items.Count / whole);
        stepLoss += loss * batch.Items.Count;
        stepImages += batch.Items.Count;
    }

    private void EndStep()
    {
        var taken = scaler is null || scaler.Unscale(optimizer.Parameters);
        if (taken) optimizer.Step();
        // In float16 what overflowed and was skipped may be the loss itself.
        if (taken || double.IsFinite(stepLoss)) (lossSum, images) = (lossSum + stepLoss, images + stepImages);
        BatchesDone++;
        (stepLoss, stepImages) = (0, 0);
    }

    private double Accumulate(LabelledFeatures batch, double weight)
    {
        using var scope = Scope.Open();
        var device = Head.Device;
        var loss = Head.Forward(batch.Maps.To(device)).CrossEntropy(batch.Labels.To(device));
        var part = weight == 1 ? loss : loss * weight;
        (scaler?.Scale(part) ?? part).Backward();
        // The one wait of a microbatch, when everything of it is queued.
        return loss.Item<float>();
    }
}
