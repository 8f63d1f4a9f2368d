using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>A head under training: its weights, its optimiser, and how far it is. Everything that happens is a function
/// of the recipe, the learning rate and the position, so a saved state continues bit by bit.</summary>
public sealed class HeadTraining : IDisposable
{
    private const string EpochNumber = "position.epoch";
    private const string BatchNumber = "position.batch";
    private const string LossNumber = "position.loss";
    private const string ImagesNumber = "position.images";

    private readonly IFeatureSource source;
    private readonly TrainRecipe recipe;
    private readonly Optimizer optimizer;
    private readonly StepSchedule schedule;
    private double lossSum;
    private long images;

    /// <summary>A fresh head.</summary>
    /// <param name="source">Features and labels.</param>
    /// <param name="recipe">Head, optimiser, batch and seed.</param>
    /// <param name="learningRate">Learning rate of the first epoch.</param>
    /// <param name="device">Where the head is trained; the CPU when left out. Features may be elsewhere.</param>
    public HeadTraining(IFeatureSource source, TrainRecipe recipe, double learningRate, Device? device = null)
    {
        (this.source, this.recipe, LearningRate) = (source, recipe, learningRate);
        Head = HeadFactory.Make(recipe.Head, source);
        if (device is not null) Head.To(device);
        Head.Initialise(new Generator(recipe.Seed).Split(1));
        var groups = (ParamGroup[])[new ParamGroup(Head.NamedParameters())];
        var o = recipe.Optimiser;
        optimizer = o.Make(groups, learningRate);
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

    /// <summary>Trains until the end of the present epoch.</summary>
    /// <param name="items">The images to train on.</param>
    /// <param name="onStep">Called after every step with the images in it and the loss.</param>
    /// <param name="cancellation">Stops between two steps; the position stays right.</param>
    public void RunEpoch(IReadOnlyList<int> items, Action<int, double>? onStep = null,
        CancellationToken cancellation = default)
    {
        schedule.Apply(optimizer, Epoch);
        Head.Train();
        if (BatchesDone == 0) (lossSum, images) = (0, 0);
        var pass = new FeaturePass(recipe.Batch, true, recipe.Seed, Epoch, BatchesDone);
        foreach (var batch in source.Batches(items, pass, cancellation))
        {
            using (batch)
            {
                var loss = Step(batch);
                lossSum += loss * batch.Items.Count;
                images += batch.Items.Count;
                BatchesDone++;
                onStep?.Invoke(batch.Items.Count, loss);
            }
        }
        Epoch++;
        BatchesDone = 0;
    }

    /// <summary>Everything needed to go on.</summary>
    public SavedState Save()
    {
        var state = new SavedState();
        foreach (var (name, tensor) in Head.StateDict()) state.Tensors[$"head.{name}"] = tensor;
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

    private double Step(LabelledFeatures batch)
    {
        using var scope = Scope.Open();
        optimizer.ZeroGrad();
        var device = Head.Device;
        var loss = Head.Forward(batch.Maps.To(device)).CrossEntropy(batch.Labels.To(device));
        loss.Backward();
        optimizer.Step();
        // The one wait of a step, when everything of it is queued.
        return loss.Item<float>();
    }
}
