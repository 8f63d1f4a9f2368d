using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Feature maps of images that were calculated before, in memory, in a feature file or in a folder of
/// them.</summary>
public sealed class FeatureTable : IFeatureSource
{
    private readonly FeatureColumn[][] maps;
    private readonly long[] labels;
    private readonly IReadOnlyList<string> images;
    private readonly IReadOnlyList<TensorFile> files;
    private readonly int draws;

    /// <summary>Takes tensors over.</summary>
    /// <param name="spec">Timesteps and blocks.</param>
    /// <param name="maps">For each timestep the tensors of the blocks, [images, draws, C, H, W], float32 or float16.
    /// </param>
    /// <param name="labels">Class of each image.</param>
    /// <param name="classes">Class names.</param>
    /// <param name="images">Name of each image.</param>
    public FeatureTable(FeatureSpec spec, Tensor[][] maps, long[] labels, IReadOnlyList<string> classes,
        IReadOnlyList<string> images)
        : this(spec, maps.Select(step => step.Select(map => new FeatureColumn([map])).ToArray()).ToArray(), labels,
            classes, images, [])
    { }

    private FeatureTable(FeatureSpec spec, FeatureColumn[][] maps, long[] labels, IReadOnlyList<string> classes,
        IReadOnlyList<string> images, IReadOnlyList<TensorFile> files)
    {
        (Spec, this.maps, this.labels, Classes, this.images, this.files) = (spec, maps, labels, classes, images, files);
        draws = maps[0][0].Row.Int(0);
        Blocks = [.. spec.Blocks.Select((block, i) => new FeatureInfo(block, maps[0][i].Row.Int(1),
            new MapSize(maps[0][i].Row.Int(2), maps[0][i].Row.Int(3))))];
        if (files.Count == 0) foreach (var tensor in Tensors) Scope.Detach(tensor);
    }

    private IEnumerable<Tensor> Tensors => maps.SelectMany(step => step).SelectMany(column => column.Parts);

    /// <inheritdoc/>
    public FeatureSpec Spec { get; }

    /// <inheritdoc/>
    public IReadOnlyList<FeatureInfo> Blocks { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public int Count => labels.Length;

    /// <summary>What the feature file says of itself; null for a table in memory.</summary>
    public FeatureFileHeader? Header { get; private init; }

    /// <inheritdoc/>
    public FeatureOrigin Origin => Header is { } header
        ? new FeatureOrigin(header.ImageSize, header.Pool, header.Network, header.NetworkSha256, Noise(header))
        : new FeatureOrigin();

    private static string Noise(FeatureFileHeader header) => header.Draws == 1
        ? $"one draw for each image and timestep, the same in every epoch (seed {header.Seed})"
        : $"{header.Draws} draws for each image and timestep, in training one after the other from epoch to epoch "
            + $"(seed {header.Seed})";

    /// <inheritdoc/>
    public int Label(int index) => (int)labels[index];

    /// <inheritdoc/>
    public string Id(int index) => images[index];

    /// <summary>Opens a feature file, or the shards in a folder as one table in the order of the data set. Maps stay in
    /// the files until they are read.</summary>
    /// <param name="path">The file, or the folder.</param>
    /// <param name="spec">Which of its timesteps and blocks; all when left out.</param>
    /// <exception cref="FileFormatException">A file is damaged.</exception>
    /// <exception cref="DiffractException">It is no feature file, or lacks a timestep or block; a shard is missing,
    /// damaged, or of another extraction than the others.</exception>
    public static FeatureTable Open(string path, FeatureSpec? spec = null)
    {
        var files = new List<TensorFile>();
        try
        {
            foreach (var part in Directory.Exists(path) ? FeatureCache.Files(path) : [path])
                files.Add(TensorFile.Open(part));
            FeatureFileHeader[] headers = [.. files.Select(FeatureFileHeader.Of)];
            var header = headers[0] with
            {
                Images = [.. headers.SelectMany(h => h.Images)],
                Skipped = [.. headers.SelectMany(h => h.Skipped)],
            };
            spec ??= new FeatureSpec(header.Timesteps, header.Blocks);
            var maps = spec.Timesteps.Select(t => spec.Blocks.Select(b =>
                new FeatureColumn([.. files.Zip(headers, (file, h) => Map(file, h, t, b))])).ToArray()).ToArray();
            var labels = files.Zip(headers).SelectMany(part => part.First.TryGetValue("labels", out var known)
                ? known.ToArray<long>() : Unlabelled(part.Second)).ToArray();
            return new FeatureTable(spec, maps, labels, header.Classes, header.Images, files) { Header = header };
        }
        catch
        {
            foreach (var file in files) file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IEnumerable<LabelledFeatures> Batches(IReadOnlyList<int> items, FeaturePass pass,
        CancellationToken cancellation = default)
    {
        NeedDraws(pass.Draw + 1);
        var order = pass.Training
            ? new Generator(pass.Seed).Split((ulong)pass.Epoch).Permutation(items.Count).Select(i => items[(int)i])
            : items;
        var number = pass.FirstBatch;
        foreach (var batch in order.Chunk(pass.BatchSize).Skip(pass.FirstBatch))
        {
            cancellation.ThrowIfCancellationRequested();
            pass.Before?.Invoke(number);
            yield return Read(batch, pass.Training ? pass.Epoch % draws : pass.Draw) with { Number = number++ };
        }
    }

    /// <summary>Refuses more noise draws of each image than there are.</summary>
    /// <exception cref="DiffractException">There are fewer.</exception>
    internal void NeedDraws(int wanted)
    {
        if (wanted > draws)
            throw new DiffractException($"the features have {draws} noise draw{(draws == 1 ? "" : "s")} for each "
                + $"image, and {wanted} are asked for: make them with --draws {wanted}");
    }

    /// <summary>The maps of some images at one noise draw.</summary>
    public LabelledFeatures Read(IReadOnlyList<int> items, int draw = 0)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var blocks = Spec.Blocks;
        var read = maps.Select(step => (IReadOnlyList<FeatureMap>)[.. step.Select((column, i) =>
            new FeatureMap(blocks[i], column.Rows(items, draw).Permute(0, 2, 3, 1).Contiguous()))]).ToArray();
        var wanted = Tensor.From(items.Select(i => labels[i]).ToArray(), [items.Count]);
        return new LabelledFeatures(new FeatureMaps(read).Detach(), Scope.Detach(wanted), items, 0);
    }

    /// <summary>The maps of one timestep and block, sharing this table's memory.</summary>
    /// <exception cref="DiffractException">The table has no such maps.</exception>
    public FeatureTable Select(int timestep, int block)
    {
        var t = IndexOf(Spec.Timesteps, timestep, "timestep");
        var b = IndexOf(Spec.Blocks, block, "block");
        var column = new FeatureColumn([.. maps[t][b].Parts.Select(part => part.Detach())]);
        return new FeatureTable(new FeatureSpec([timestep], [block]), [[column]], labels, Classes, images, []);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (files.Count == 0) foreach (var tensor in Tensors) tensor.Dispose();
        foreach (var file in files) file.Dispose();
    }

    private static int IndexOf(IReadOnlyList<int> all, int wanted, string what)
    {
        for (var i = 0; i < all.Count; i++) if (all[i] == wanted) return i;
        throw new DiffractException($"there are no features of {what} {wanted}; there are {string.Join(", ", all)}");
    }

    private static Tensor Map(TensorFile file, FeatureFileHeader header, int timestep, int block)
    {
        var name = FeatureFileHeader.TensorName(timestep, block);
        if (!file.TryGetValue(name, out var tensor))
            throw new DiffractException($"{file.Path} has no features of block {block} at timestep {timestep}; it has "
                + $"blocks {string.Join(", ", header.Blocks)} at timesteps {string.Join(", ", header.Timesteps)}");
        if (tensor.Rank != 5 || tensor.Shape[0] != header.Images.Count || tensor.Shape[1] != header.Draws)
            throw new DiffractException($"{file.Path}: {name} is {tensor.Shape}, expected [{header.Images.Count}, "
                + $"{header.Draws}, channels, height, width]");
        return tensor;
    }

    private static long[] Unlabelled(FeatureFileHeader header)
    {
        var labels = new long[header.Images.Count];
        Array.Fill(labels, ImageDataset.Unlabelled);
        return labels;
    }
}
