namespace Diffract.Tasks;

/// <summary>What happens to pictures that cannot be read, and which ones they were. Safe from many threads at
/// once.</summary>
/// <param name="stop">True ends the run at the first one; false leaves them out, counted and named.</param>
public sealed class BrokenImages(bool stop = false)
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, string> problems = new(StringComparer.Ordinal);

    /// <summary>Whether the first broken picture ends the run.</summary>
    public bool Stop { get; } = stop;

    /// <summary>Number of different pictures that were left out.</summary>
    public int Count
    {
        get
        {
            lock (gate) return problems.Count;
        }
    }

    /// <summary>Names of the pictures left out, sorted, and what is wrong with each.</summary>
    public IReadOnlyList<(string Id, string Problem)> Items
    {
        get
        {
            lock (gate) return [.. problems.Select(pair => (pair.Key, pair.Value))];
        }
    }

    /// <summary>Notes a picture that cannot be read; the same one counts once.</summary>
    /// <returns>True when the run shall go on without it.</returns>
    public bool Skip(string id, ImageException problem)
    {
        if (Stop) return false;
        lock (gate) problems.TryAdd(id, problem.Problem);
        return true;
    }

    /// <summary>"2 broken pictures were left out: cat/3.jpg (the file is empty), dog/7.png (…)", or nothing.</summary>
    public override string ToString()
    {
        const int named = 10;
        var items = Items;
        if (items.Count == 0) return "";
        var names = string.Join(", ", items.Take(named).Select(item => $"{item.Id} ({item.Problem})"));
        var more = items.Count > named ? $", and {items.Count - named} more" : "";
        return $"{items.Count} broken {(items.Count == 1 ? "picture was" : "pictures were")} left out: {names}{more}";
    }
}
