using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Linear probes of every timestep, block, pooling and learning rate, trained together in one pass over the
/// features. Each takes its own optimiser's steps on the same batches as it would alone, so it learns what
/// <see cref="HeadTraining"/> would teach it. A saved state continues bit by bit.</summary>
public sealed class ProbeBank : IDisposable
{
    private readonly IFeatureSource source;
    private readonly TrainRecipe recipe;
    private readonly ProbeGroup[] groups;
    private readonly Optimizer optimizer;
    private readonly StepSchedule schedule;
    private readonly Device device;
    private long images;

    /// <summary>Fresh probes.</summary>
    /// <param name="source">Features and labels; their spec says the timesteps and blocks.</param>
    /// <param name="pools">Sides the maps are averaged to; a smaller map stays as it is.</param>
    /// <param name="rates">Learning rates.</param>
    /// <param name="recipe">Optimiser, batch and seed; its head and learning rate are not looked at.</param>
    /// <param name="device">Where probes are trained; the CPU when left out.</param>
    /// <exception cref="DiffractException">There is no room for so many.</exception>
    public ProbeBank(IFeatureSource source, IReadOnlyList<int> pools, IReadOnlyList<double> rates, TrainRecipe recipe,
        Device? device = null)
    {
        (this.source, this.recipe, Rates, this.device) = (source, recipe, rates, device ?? Device.Cpu);
        CheckMemory(source.Spec, source.Blocks, pools, rates.Count, source.Classes.Count, recipe.Optimiser,
            this.device);
        Cells = AllCells(source.Spec, source.Blocks, pools);
        groups = [.. Enumerable.Range(0, Cells.Count).GroupBy(i => Width(source.Blocks, Cells[i])).Select(Group)];
        optimizer = recipe.Optimiser.Make(rates.Select((rate, r) => new ParamGroup(
            groups.SelectMany((g, i) => g.Parameters(r, i)), rate)), rates[0]);
        schedule = new StepSchedule(recipe.Optimiser.StepEpochs, recipe.Optimiser.StepFactor);
    }

    /// <summary>What the probes read: timestep by timestep, block by block, pool by pool.</summary>
    public IReadOnlyList<ProbeCell> Cells { get; }

    /// <summary>Learning rates of the first epoch; each cell has a probe of every one.</summary>
    public IReadOnlyList<double> Rates { get; }

    /// <summary>The epoch that comes next, or that is under way.</summary>
    public int Epoch { get; private set; }

    /// <summary>Batches of <see cref="Epoch"/> that are done.</summary>
    public int BatchesDone { get; private set; }

    /// <summary>Trains all probes until the end of the present epoch.</summary>
    /// <param name="items">The images to train on.</param>
    /// <param name="onStep">Called after every step with the images in it.</param>
    /// <param name="cancellation">Stops between two steps; the position stays right.</param>
    public void RunEpoch(IReadOnlyList<int> items, Action<int>? onStep = null, CancellationToken cancellation = default)
    {
        schedule.Apply(optimizer, Epoch);
        if (BatchesDone == 0)
        {
            images = 0;
            foreach (var group in groups) group.ForgetLosses();
        }
        var pass = new FeaturePass(recipe.Batch, true, recipe.Seed, Epoch, BatchesDone);
        foreach (var batch in source.Batches(items, pass, cancellation))
            using (batch)
            {
                using var scope = Scope.Open();
                optimizer.ZeroGrad();
                var labels = batch.Labels.To(device);
                foreach (var group in groups) group.Backward(group.Rows(batch.Maps), labels);
                optimizer.Step();
                images += batch.Items.Count;
                BatchesDone = batch.Number + 1;
                onStep?.Invoke(batch.Items.Count);
            }
        Epoch++;
        BatchesDone = 0;
    }

    /// <summary>Mean loss of each probe over the images of the last epoch, [cell][rate]; not finite where training
    /// diverged.</summary>
    public double[][] Losses() => ByCell(groups.Select(g => g.Losses(images)));

    /// <summary>How many images each probe names rightly.</summary>
    /// <param name="features">Features of the same timesteps and blocks as those trained on.</param>
    /// <param name="items">Which images.</param>
    /// <param name="onBatch">Called with the number of images of every batch.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <returns>[cell][rate]; and how many images there were.</returns>
    public (long[][] Right, int Images) Score(IFeatureSource features, IReadOnlyList<int> items,
        Action<int>? onBatch = null, CancellationToken cancellation = default)
    {
        using var no = GradMode.No();
        using var all = Scope.Open();
        var counts = groups.Select(g => g.NoCount()).ToArray();
        var seen = 0;
        foreach (var batch in features.Batches(items, new FeaturePass(recipe.Batch), cancellation))
            using (batch)
            {
                using var scope = Scope.Open();
                var labels = batch.Labels.To(device);
                for (var i = 0; i < groups.Length; i++)
                    groups[i].Count(groups[i].Rows(batch.Maps), labels, counts[i]);
                seen += batch.Items.Count;
                onBatch?.Invoke(batch.Items.Count);
            }
        return (ByCell(counts.Select(c => c.ToArray<long>().Chunk(c.Shape.Int(1)).ToArray())), seen);
    }

    /// <summary>Weights [classes, inputs] and biases [classes] of a probe, views of what is trained.</summary>
    public (Tensor Weight, Tensor Bias) Probe(ProbeCell cell, double rate)
    {
        var index = Enumerable.Range(0, Cells.Count).First(i => Cells[i] == cell);
        var group = Array.FindIndex(groups, g => g.Cells.Contains(index));
        var at = Enumerable.Range(0, groups[group].Cells.Count).First(i => groups[group].Cells[i] == index);
        var found = groups[group].Parameters(Enumerable.Range(0, Rates.Count).First(r => Rates[r] == rate), group)
            .Select(p => p.Tensor.Detach().At(at)).ToArray();
        return (found[0], found[1].At(0));
    }

    /// <summary>Everything needed to go on.</summary>
    public SavedState Save()
    {
        var state = new SavedState().Add("optimizer", optimizer.SaveState());
        foreach (var (name, tensor) in Kept()) state.Tensors[$"probes.{name}"] = tensor;
        state.Numbers["position.epoch"] = Epoch;
        state.Numbers["position.batch"] = BatchesDone;
        state.Numbers["position.images"] = images;
        return state;
    }

    /// <summary>Goes on where <see cref="Save"/> was called.</summary>
    /// <exception cref="StateException">The state is of other probes.</exception>
    public void Load(SavedState state)
    {
        using var no = GradMode.No();
        var tensors = state.Part("probes").Tensors;
        foreach (var (name, tensor) in Kept())
            tensor.CopyFrom(tensors.TryGetValue(name, out var saved) && saved.Shape == tensor.Shape
                ? saved
                : throw new StateException($"the saved state has no '{name}' of {tensor.Shape}"));
        optimizer.LoadState(state.Part("optimizer"));
        Epoch = (int)state.Number("position.epoch");
        BatchesDone = (int)state.Number("position.batch");
        images = (long)state.Number("position.images");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        optimizer.Dispose();
        foreach (var group in groups) group.Dispose();
    }

    /// <summary>Refuses more probes than there is room for, whose features need not be there yet.</summary>
    /// <param name="spec">Timesteps and blocks.</param>
    /// <param name="blocks">Channels and sizes of the blocks.</param>
    /// <param name="pools">Sides the maps are averaged to.</param>
    /// <param name="rates">Number of learning rates.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="optimiser">How they are trained.</param>
    /// <param name="device">Where they would be.</param>
    /// <exception cref="DiffractException">There is no room.</exception>
    internal static void CheckMemory(FeatureSpec spec, IReadOnlyList<FeatureInfo> blocks, IReadOnlyList<int> pools,
        int rates, int classes, OptimiserRecipe optimiser, Device device)
    {
        var cells = AllCells(spec, blocks, pools);
        // Each weight has its gradient beside it, and the moments of the Adams.
        var bytes = cells.Sum(cell => (Width(blocks, cell) + 1.0) * classes) * rates * sizeof(float)
            * (optimiser.Optimiser == "sgd" ? 2 : 4);
        var there = device is CudaDevice gpu ? gpu.TotalMemory : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (bytes > there)
            throw new DiffractException($"{cells.Length} probes of {classes} classes at {rates} learning rates take "
                + $"{Units.Bytes((long)bytes)}, and the {(device is CudaDevice ? "GPU" : "machine")} has "
                + $"{Units.Bytes(there)}: sweep fewer timesteps or blocks");
    }

    private static ProbeCell[] AllCells(
        FeatureSpec spec, IReadOnlyList<FeatureInfo> blocks, IReadOnlyList<int> pools) =>
        [.. spec.Timesteps.SelectMany(t => spec.Blocks.SelectMany(b =>
            pools.Select(p => Math.Min(p, Side(blocks, b))).Distinct().Select(p => new ProbeCell(t, b, p))))];

    private IEnumerable<(string Name, Tensor Tensor)> Kept() => Enumerable.Range(0, Rates.Count).SelectMany(r =>
        groups.SelectMany((g, i) => g.Parameters(r, i).Append(($"{i}.{r}.loss", g.LossSum(r)))));

    private ProbeGroup Group(IGrouping<int, int> cells)
    {
        var spec = source.Spec;
        var first = Cells[cells.First()];
        using var head = new LinearHead(Info(source.Blocks, first.Block), source.Classes.Count, first.Pool);
        head.Initialise(new Generator(recipe.Seed).Split(1));
        head.To(device);
        return new ProbeGroup([.. cells], cells.Select(i => (IndexOf(spec.Timesteps, Cells[i].Timestep),
            IndexOf(spec.Blocks, Cells[i].Block), Cells[i].Pool)), head, Rates.Count);
    }

    // From [rate][cell of the group] to [cell][rate].
    private T[][] ByCell<T>(IEnumerable<T[][]> byGroup)
    {
        var cells = Cells.Select(_ => new T[Rates.Count]).ToArray();
        foreach (var (group, values) in groups.Zip(byGroup))
            for (var rate = 0; rate < Rates.Count; rate++)
                for (var i = 0; i < group.Cells.Count; i++)
                    cells[group.Cells[i]][rate] = values[rate][i];
        return cells;
    }

    private static FeatureInfo Info(IReadOnlyList<FeatureInfo> blocks, int block) =>
        blocks.First(b => b.Block == block);

    private static int Side(IReadOnlyList<FeatureInfo> blocks, int block) =>
        Math.Max(Info(blocks, block).Size.Height, Info(blocks, block).Size.Width);

    private static int Width(IReadOnlyList<FeatureInfo> blocks, ProbeCell cell) =>
        Info(blocks, cell.Block).Channels * cell.Pool * cell.Pool;

    private static int IndexOf(IReadOnlyList<int> all, int wanted) =>
        Enumerable.Range(0, all.Count).First(i => all[i] == wanted);
}
