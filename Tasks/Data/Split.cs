namespace Diffract.Tasks;

/// <summary>Ways to choose some pictures of a data set. Every choice depends on the labels and the seed alone, and
/// keeps the order of the data set.</summary>
public static class Split
{
    /// <summary>Holds out the same share of every class, rounded, but at least one picture and never all.</summary>
    /// <param name="data">A labelled data set.</param>
    /// <param name="share">Share that is held out, between 0 and 1.</param>
    /// <param name="seed">Of the choice.</param>
    /// <exception cref="DatasetException">No labels, or a class with a single picture.</exception>
    public static (Subset Train, Subset Validation) Stratified(ImageDataset data, double share, ulong seed)
    {
        if (share is not (> 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(share), share, "a share lies between 0 and 1");
        var held = new bool[data.Count];
        foreach (var (label, members) in ByClass(data, seed))
        {
            if (members.Length == 0) continue;
            if (members.Length < 2)
                throw new DatasetException($"class '{data.ClassNames[label]}' has a single picture, so none can "
                    + "be held out");
            var count = Math.Clamp((int)Math.Round(share * members.Length), 1, members.Length - 1);
            foreach (var member in members.AsSpan(0, count)) held[member] = true;
        }
        return (Where(data, index => !held[index]), Where(data, index => held[index]));
    }

    /// <summary>Keeps <paramref name="count"/> pictures of every class, for learning from few labels. A smaller number
    /// with the same seed gives a part of a larger one.</summary>
    /// <param name="data">A labelled data set.</param>
    /// <param name="count">Pictures per class, at least 1.</param>
    /// <param name="seed">Of the choice.</param>
    /// <exception cref="DatasetException">No labels, or a class with fewer pictures.</exception>
    public static Subset PerClass(ImageDataset data, int count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var kept = new bool[data.Count];
        foreach (var (label, members) in ByClass(data, seed))
        {
            if (members.Length < count)
                throw new DatasetException($"class '{data.ClassNames[label]}' has {members.Length} pictures, "
                    + $"{count} are asked for");
            foreach (var member in members.AsSpan(0, count)) kept[member] = true;
        }
        return Where(data, index => kept[index]);
    }

    /// <summary>Keeps a share of the pictures, the same number of every class as far as it has them: what 1 % and 10 %
    /// of the labels mean in semi-supervised learning. The number of pictures is rounded down, but every class keeps
    /// at least one; classes that give one more than others are drawn too. A smaller share with the same seed gives a
    /// part of a larger one.</summary>
    /// <param name="data">A labelled data set.</param>
    /// <param name="share">Share that is kept, above 0 and up to 1.</param>
    /// <param name="seed">Of the choice.</param>
    /// <exception cref="DatasetException">No labels.</exception>
    public static Subset Fraction(ImageDataset data, double share, ulong seed)
    {
        if (share is not (> 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(share), share, "a share is above 0 and up to 1");
        // Decimal: 0.29 * 100 is 29, not a little less.
        return Balanced(data, Math.Max((int)((decimal)share * data.Count), Present(data)), seed);
    }

    /// <summary>Keeps a number of pictures, the same number of every class as far as it has them; which classes give
    /// one more than others is drawn too. A smaller number with the same seed gives a part of a larger one.</summary>
    /// <param name="data">A labelled data set.</param>
    /// <param name="count">Pictures that are kept, at least one of every class that has any.</param>
    /// <param name="seed">Of the choice.</param>
    /// <exception cref="DatasetException">No labels, fewer pictures, or more classes.</exception>
    public static Subset Balanced(ImageDataset data, int count, ulong seed)
    {
        if (count > data.Count)
            throw new DatasetException($"the data set has {data.Count} pictures, {count} are asked for");
        int[][] classes = [.. ByClass(data, seed).Select(group => group.Members).Where(members => members.Length > 0)];
        int[] order = new SampleRandom(seed, stream: 1, 0).Permutation(classes.Length);
        // One picture of every class in turn. What is kept is a beginning of this sequence.
        var sequence = Enumerable.Range(0, classes.Max(members => members.Length)).SelectMany(round => order
            .Where(label => round < classes[label].Length).Select(label => classes[label][round]));
        if (count < classes.Length)
            throw new DatasetException($"the pictures have {classes.Length} classes, and {count} of them are asked "
                + "for: every class needs one");
        var kept = new bool[data.Count];
        foreach (var member in sequence.Take(count)) kept[member] = true;
        return Where(data, index => kept[index]);
    }

    /// <summary>Keeps the pictures that a text file lists, one a line, by name with or without folders.
    /// Semi-supervised results on 1 % and 10 % of ImageNet use published lists of this kind.</summary>
    /// <param name="data">The data set.</param>
    /// <param name="path">The list; empty lines are skipped.</param>
    /// <exception cref="DatasetException">A name is not in the data set, or is there twice.</exception>
    public static Subset FromList(ImageDataset data, string path)
    {
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < data.Count; i++)
        {
            found[data.Id(i)] = i;
            var name = Path.GetFileName(data.Id(i));
            // -1 marks a bare name that several folders have.
            if (name != data.Id(i)) found[name] = found.ContainsKey(name) ? -1 : i;
        }
        var kept = new bool[data.Count];
        foreach (var (number, name) in File.ReadLines(path).Select((line, i) => (i + 1, line.Trim())))
        {
            if (name.Length == 0) continue;
            if (!found.TryGetValue(name, out var index))
                throw new DatasetException($"{path}: line {number}: the data set has no picture '{name}'");
            if (index < 0)
                throw new DatasetException($"{path}: line {number}: several folders have a picture '{name}'; name its "
                    + "folder too");
            kept[index] = true;
        }
        return Where(data, index => kept[index]);
    }

    /// <summary>The part of one of several processes: every <paramref name="of"/>-th picture from
    /// <paramref name="rank"/> on. All parts together are the whole.</summary>
    /// <param name="data">The data set.</param>
    /// <param name="rank">Which part, from 0.</param>
    /// <param name="of">Number of parts.</param>
    public static Subset Shard(ImageDataset data, int rank, int of)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(of, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, of);
        return Where(data, index => index % of == rank);
    }

    // Classes that have pictures.
    private static int Present(ImageDataset data) =>
        ByClass(data, 0).Count(group => group.Members.Length > 0);

    private static IEnumerable<(int Label, int[] Members)> ByClass(ImageDataset data, ulong seed)
    {
        if (!data.IsLabelled) throw new DatasetException("these pictures have no labels to divide them by");
        var classes = new List<int>[data.ClassNames.Count];
        for (var label = 0; label < classes.Length; label++) classes[label] = [];
        for (var i = 0; i < data.Count; i++) classes[data.Label(i)].Add(i);
        for (var label = 0; label < classes.Length; label++)
        {
            var order = new SampleRandom(seed, stream: 0, (ulong)label).Permutation(classes[label].Count);
            yield return (label, [.. order.Select(position => classes[label][position])]);
        }
    }

    private static Subset Where(ImageDataset data, Predicate<int> keep) =>
        new(data, [.. Enumerable.Range(0, data.Count).Where(index => keep(index))]);
}
