using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Exponential moving averages of parameters, one set for each rate: average = rate * average +
/// (1 - rate) * parameter after every successful step. Samples and features of a diffusion model are taken with an
/// average, not with the parameters themselves.</summary>
public sealed class Ema : IStateful, IDisposable
{
    private readonly List<(string Name, Tensor Tensor)> parameters;
    private readonly SortedDictionary<double, List<Tensor>> averages = [];
    private readonly Dictionary<double, StretchTable> tables = [];

    /// <summary>Starts every average at the parameters' present values.</summary>
    /// <param name="parameters">Float32 or Float64, contiguous.</param>
    /// <param name="rates">For example 0.9999, or several.</param>
    public Ema(IEnumerable<(string Name, Tensor Tensor)> parameters, params ReadOnlySpan<double> rates)
    {
        this.parameters = [.. parameters];
        if (rates.IsEmpty) throw new ArgumentException("an average needs a rate", nameof(rates));
        foreach (var rate in rates)
        {
            if (rate is not (>= 0 and <= 1))
                throw new ArgumentOutOfRangeException(nameof(rates), rate, "a rate lies between 0 and 1");
            averages.Add(rate, [.. this.parameters.Select(p => Copy(p.Tensor))]);
            tables.Add(rate, new StretchTable());
        }
    }

    /// <summary>The rates, smallest first.</summary>
    public IEnumerable<double> Rates => averages.Keys;

    /// <summary>Moves every average one step towards the parameters.</summary>
    public void Update()
    {
        foreach (var (rate, set) in averages)
        {
            var steps = set.Select((average, i) => new EmaStepArgs(rate, parameters[i].Tensor.View, average.View));
            if (AreTogether()) EmaStep.Together.Run(set[0].Device, set[0].DType, new([.. steps], tables[rate]));
            else
                foreach (var (step, average) in steps.Zip(set))
                    EmaStep.Kernel.Run(average.Device, average.DType, step);
            foreach (var average in set) average.Storage.MarkChanged();
        }
    }

    /// <summary>The averages of a rate under the parameters' names. They change with <see cref="Update"/>.</summary>
    /// <exception cref="KeyNotFoundException">No average has this rate.</exception>
    public IReadOnlyList<(string Name, Tensor Tensor)> Averages(double rate) =>
        [.. Set(rate).Select((average, i) => (parameters[i].Name, average))];

    /// <summary>Puts the averages of a rate into the parameters until the result is disposed.</summary>
    /// <exception cref="KeyNotFoundException">No average has this rate.</exception>
    public IDisposable Use(double rate) => new Swap(parameters, Set(rate));

    /// <inheritdoc/>
    public SavedState SaveState()
    {
        var saved = new SavedState();
        foreach (var (rate, set) in averages)
            for (var i = 0; i < set.Count; i++) saved.Tensors[Key(rate, i)] = set[i];
        return saved;
    }

    /// <inheritdoc/>
    public void LoadState(SavedState state)
    {
        var expected = new StateCheck(state);
        foreach (var (rate, set) in averages)
            for (var i = 0; i < set.Count; i++) expected.Tensor(Key(rate, i), set[i]);
        expected.ThrowIfWrong();
        foreach (var (rate, set) in averages)
            for (var i = 0; i < set.Count; i++) InPlace.Load(state.Tensors[Key(rate, i)], set[i]);
    }

    /// <summary>Releases the averages.</summary>
    public void Dispose()
    {
        foreach (var average in averages.Values.SelectMany(set => set)) average.Dispose();
        foreach (var table in tables.Values) table.Dispose();
    }

    // On one device that moves all averages at once.
    private bool AreTogether() => parameters.Count > 0 && parameters.TrueForAll(p =>
        p.Tensor.Device == parameters[0].Tensor.Device && EmaStep.Together.Takes(p.Tensor.Device, p.Tensor.DType));

    private string Key(double rate, int i) => $"{rate:R}.{parameters[i].Name}";

    private List<Tensor> Set(double rate) => averages.TryGetValue(rate, out var set)
        ? set
        : throw new KeyNotFoundException($"no average has the rate {rate}; there are {string.Join(", ", Rates)}");

    private static Tensor Copy(Tensor tensor)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        return Scope.Detach(tensor.Detach().Clone());
    }

    private sealed class Swap : IDisposable
    {
        private readonly List<(Tensor Parameter, Tensor Backup)> backups = [];

        public Swap(List<(string Name, Tensor Tensor)> parameters, List<Tensor> averages)
        {
            foreach (var (_, tensor) in parameters) backups.Add((tensor, Copy(tensor)));
            for (var i = 0; i < averages.Count; i++) InPlace.Copy(averages[i], parameters[i].Tensor);
        }

        public void Dispose()
        {
            foreach (var (parameter, backup) in backups)
            {
                InPlace.Copy(backup, parameter);
                backup.Dispose();
            }
            backups.Clear();
        }
    }
}
