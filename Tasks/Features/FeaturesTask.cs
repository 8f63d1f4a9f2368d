using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>What an extraction gave.</summary>
/// <param name="Images">Images with features.</param>
/// <param name="Skipped">Images that could not be read, also before an interruption, in words; empty when all could.
/// </param>
/// <param name="Tensors">Name and shape of every tensor of maps.</param>
/// <param name="MacsPerPass">Multiply-adds of one image's pass through the network at one timestep, counted; null when
/// all images were read before.</param>
public sealed record FeaturesResult(
    int Images, string Skipped, IReadOnlyList<(string Name, Shape Shape)> Tensors, long? MacsPerPass);

/// <summary>Writes the feature maps of images to a file. Interrupted, it goes on where it was.</summary>
/// <param name="path">The file.</param>
/// <param name="recipe">What to do.</param>
/// <param name="data">The images.</param>
/// <param name="network">The network.</param>
/// <param name="first">The image to start with.</param>
/// <param name="count">How many images; all that follow when null. Noise is that of the image in the whole.</param>
public sealed class FeaturesTask(string path, FeaturesRecipe recipe, ImageDataset data, DiffusionNetwork network,
    int first = 0, int? count = null)
{
    private const int FlushEvery = 64;

    private readonly int total = count ?? data.Count - first;
    private readonly FeatureSpec spec = new([.. recipe.Timesteps.Order()], [.. recipe.Blocks.Order()]);

    /// <summary>Called with the number of rows when the file is whole, before what a killed run would go on from is
    /// removed.</summary>
    public Action<int>? Saved { get; init; }

    /// <summary>The longest header that the file may have, in bytes; that of its format when null.</summary>
    internal long? HeaderLimit { get; init; }

    /// <summary>Free bytes on the disk; those that there are when null.</summary>
    internal long? Room { get; init; }

    /// <summary>Extracts to the end.</summary>
    /// <param name="progress">Says how far it is.</param>
    /// <param name="cancellation">Stops between two batches; running again goes on.</param>
    /// <exception cref="DiffractException">The images cannot be read any more, or never could; they are too many for a
    /// file; another extraction has begun here.</exception>
    public FeaturesResult Run(IRunProgress progress, CancellationToken cancellation = default)
    {
        var backbone = network.Backbone(recipe.ClassLabel);
        var size = recipe.ImageSize ?? network.Network.Config.ImageSize;
        network.CheckTimesteps(spec);
        var dtype = recipe.Half ? DType.Float16 : DType.Float32;
        var maps = new FeatureRows(backbone, spec, recipe.Draws, recipe.Seed, recipe.Pool, dtype);
        var rows = maps.Shapes(size);
        CheckHeader(size, rows, dtype);
        // Reading a large checkpoint whole takes as long as a forward: meanwhile the first images are calculated.
        var hash = Task.Run(() => network.Sha256, CancellationToken.None);
        var images = Task.Run(() => ImagesHash.Of(data), CancellationToken.None);
        string Identity() => JsonSerializer.Serialize(recipe, FeaturesJson.Default.FeaturesRecipe) + "\n"
            + hash.GetAwaiter().GetResult() + (network.Precision.Half is { } half ? $"\n{half}" : "")
            + $"\nimages {first} to {first + total} of {data.Count}: {images.GetAwaiter().GetResult()}";
        using var spool = new FeatureSpool(path, Identity, rows, dtype, total, recipe.Batch);
        if (spool.Done > 0) progress.Say($"going on after {spool.Done} of {total} images");
        CheckRoom(rows, dtype, spool.Done);
        var broken = new BrokenImages(recipe.StopOnBrokenImage);
        foreach (var image in spool.Skipped) broken.Skip(image, new ImageException(image, "before an interruption"));
        long? macs = null;
        var rest = new Subset(data, [.. Enumerable.Range(first + spool.Done, total - spool.Done)]);
        using (var bar = progress.Begin("features", total, "images", spool.Done))
        {
            var next = first + spool.Done;
            var loader = new Loader(rest, LoaderOptions.Evaluation(size, recipe.Batch), broken);
            try
            {
                foreach (var batch in loader.Epoch(cancellation: cancellation))
                    using (batch)
                    {
                        var items = batch.Indices.Select(i => rest.Indices[i]).ToArray();
                        Tensor[] made;
                        using (Cancellation.Use(cancellation))
                        using (var counter = MultiplyAdds.Count())
                        {
                            made = maps.Of(batch.Images, [.. items.Select(i => (long)i)]);
                            macs ??= counter.Total / (batch.Count * recipe.Draws * spec.Timesteps.Count);
                        }
                        next = Write(spool, made, items, next);
                        if ((next - first) % FlushEvery < recipe.Batch) spool.Flush();
                        bar.Advance(batch.Count, broken.Count > 0 ? $"{broken.Count} skipped" : null);
                    }
                for (; next < first + total; next++) spool.Skip(data.Id(next));
            }
            catch
            {
                spool.TryFlush();
                throw;
            }
        }
        var rowCount = 0;
        spool.Complete(path, (kept, skipped) =>
        {
            rowCount = kept.Count;
            return Header(hash.GetAwaiter().GetResult(), size, kept, skipped);
        }, Saved);
        return new FeaturesResult(rowCount, broken.ToString(),
            [.. rows.Select(r => (r.Name, Shape.Of([rowCount, .. r.Row.ToArray()])))], macs);
    }

    // The header has all names, and is written last: after days, perhaps. It is longest when every image has a row,
    // as numbers are longer then, and a name is in one of two lists in any case.
    private void CheckHeader(int size, IReadOnlyList<(string Name, Shape Row)> rows, DType dtype)
    {
        if ((HeaderLimit ?? TensorFile.MaxHeaderBytes(path)) is not { } limit) return;
        var names = Enumerable.Range(first, total).Select(data.Id);
        var bytes = names.Sum(name => (long)Encoding.UTF8.GetByteCount(name));
        if (bytes <= limit)
            bytes = TensorFile.HeaderBytes(
                [.. rows.Select(r => (r.Name, dtype, Shape.Of([total, .. r.Row.ToArray()]))),
                    ("labels", DType.Int64, Shape.Of(total))],
                Header(new string('0', 2 * SHA256.HashSizeInBytes), size, [.. names], []).Metadata());
        if (bytes > limit)
            throw new DiffractException($"{path}: the names of {total} images need a header of {bytes} bytes or more, "
                + $"and a feature file has room for {limit}: divide the images with --shard and --of");
    }

    // What is written is there twice for a moment: in the folder that is gone on from, and in the file.
    private void CheckRoom(IReadOnlyList<(string Name, Shape Row)> rows, DType dtype, int done)
    {
        var row = rows.Sum(r => r.Row.Count) * dtype.Size();
        if ((Room ?? DiskSpace.Free(path)) is { } room && row * (2L * total - done) > room)
            throw new DiffractException($"{path}: {total} images' features take {Units.Bytes(row * total)}, and as "
                + $"much again until the file is whole; the disk has {Units.Bytes(room)}: take fewer images, timesteps "
                + "or blocks, smaller averages (pool) or 16-bit numbers");
    }

    private FeatureFileHeader Header(
        string hash, int size, IReadOnlyList<string> images, IReadOnlyList<string> skipped) =>
        new()
        {
            Network = Path.GetFileName(network.Path),
            NetworkSha256 = hash,
            ImageSize = size,
            Timesteps = spec.Timesteps,
            Blocks = spec.Blocks,
            Draws = recipe.Draws,
            Seed = recipe.Seed,
            Pool = recipe.Pool,
            Preprocessing = "centre crop: halved with a box filter while the short side is at least twice the size, "
                + "then bicubic to the size; byte / 127.5 - 1",
            ClassLabel = recipe.ClassLabel,
            Classes = data.ClassNames,
            Images = images,
            Skipped = skipped,
        };

    // Items before and between those that were read are the broken ones.
    private int Write(FeatureSpool spool, Tensor[] maps, int[] items, int next)
    {
        using var scope = Scope.Open();
        for (var i = 0; i < items.Length; i++)
        {
            for (; next < items[i]; next++) spool.Skip(data.Id(next));
            spool.Append(data.Id(next), data.Label(next), [.. maps.Select(m => m.Slice(0, i, 1).Squeeze(0))]);
            next++;
        }
        foreach (var map in maps) map.Dispose();
        return next;
    }
}
