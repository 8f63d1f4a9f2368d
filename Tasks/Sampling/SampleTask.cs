using System.Diagnostics;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>What sampling gave.</summary>
/// <param name="Made">Images that were made by this call.</param>
/// <param name="Took">Time their steps took.</param>
public sealed record SampleResult(int Made, TimeSpan Took);

/// <summary>Makes images from noise, in a run folder:
/// <code>
/// images/000042.png   image 42; one that is there is not made again
/// grid.png            the first hundred
/// preview.png         what the batch under way is going to be; removed at the end
/// steps.png           the way from noise to image, where it was asked for
/// </code></summary>
/// <param name="run">The folder.</param>
/// <param name="recipe">What to make.</param>
/// <param name="network">The network; images are made on its device.</param>
public sealed class SampleTask(RunFolder run, SampleRecipe recipe, DiffusionNetwork network)
{
    private const int MostInGrid = 100;

    private static readonly TimeSpan previewEvery = TimeSpan.FromSeconds(2);

    private readonly int size = recipe.ImageSize ?? network.Network.Config.ImageSize;

    /// <summary>The sheet of images.</summary>
    public string GridPath => run.At("grid.png");

    private string PreviewPath => run.At("preview.png");

    private Device Device => network.Network.Device;

    /// <summary>Makes the images that are not there yet.</summary>
    /// <param name="progress">Counts their steps.</param>
    /// <param name="cancellation">Stops within a fraction of a step; running again goes on with the images that are not
    /// there.</param>
    /// <exception cref="DiffractException">The recipe does not suit the network.</exception>
    public SampleResult Run(IRunProgress progress, CancellationToken cancellation = default)
    {
        using var no = GradMode.No();
        using var precision = network.Precision.Use(Device);
        using var classifier = recipe.Classifier is { } file ? GuidingClassifier.Load(file, network, size) : null;
        using var inpainting = Inpainting.Of(recipe, size, Device);
        var classes = Classes(classifier);
        var noise = SampleNoise.Of(recipe);
        var sampler = recipe.Make(network.Recipe);
        // Before anything is written: sizes that the network cannot take.
        _ = network.Network.Plan.At(new MapSize(size, size));
        Directory.CreateDirectory(run.At("images"));
        var (steps, made, took) = (sampler.Diffusion.Steps, 0, TimeSpan.Zero);
        int[] all = [.. Enumerable.Range(recipe.First, recipe.Count)];
        using (var bar = progress.Begin("sampling", (long)all.Length * steps, "steps",
            (long)all.Count(IsThere) * steps))
            foreach (var batch in all.Chunk(recipe.Batch))
            {
                // A batch of PyTorch's noise is there as a whole or not at all.
                long[] ids = [.. batch.Where(i => !IsThere(i) || (recipe.TorchNoise && !batch.All(IsThere)))];
                if (ids.Length == 0)
                {
                    noise.Skip((long)batch.Length * size * size * 3, sampler.NeedsNoise ? steps + 1 : 1);
                    continue;
                }
                var start = Stopwatch.GetTimestamp();
                Make(ids, classes, classifier, inpainting, noise, bar, cancellation);
                took += Stopwatch.GetElapsedTime(start);
                made += ids.Length;
            }
        File.Delete(PreviewPath);
        PngWriter.Save(GridPath, ContactSheet.Make([.. all.Take(MostInGrid).Select(i => ImageFile.Read(PathOf(i)))],
            zoom: Math.Max(1, 64 / size)));
        return new SampleResult(made, took);
    }

    private string PathOf(long id) => Path.Combine(run.At("images"), $"{id:000000}.png");

    private bool IsThere(int id) => File.Exists(PathOf(id));

    // How many there are; null where images have none.
    private int? Classes(GuidingClassifier? classifier)
    {
        var classes = network.Network.Config.NumClasses ?? classifier?.Classes;
        if (recipe.Label is not { } label) return classes;
        if (classes is not { } known)
            throw new DiffractException($"{network.Path} is an unconditional network: it takes no --label without "
                + "--classifier");
        return label < known ? known
            : throw new DiffractException($"{network.Path} knows classes 0 to {known - 1}, found --label {label}");
    }

    private void Make(long[] ids, int? classes, GuidingClassifier? classifier, Inpainting? inpainting,
        SampleNoise noise, IProgressBar bar, CancellationToken cancellation)
    {
        using var scope = Scope.Open();
        var labels = classes is { } known
            ? Tensor.From([.. ids.Select(id => recipe.Label ?? id % known)], [ids.Length]).To(Device)
            : null;
        var sampler = recipe.Make(network.Recipe, new SamplingOptions
        {
            Guidance = classifier?.Towards(labels!, recipe.Scale),
            Denoised = inpainting is null ? null : inpainting.Apply,
        });
        var process = sampler.Diffusion;
        var model = network.Network.AsDenoiser(network.Network.Config.NumClasses is null ? null : labels);
        var start = noise.Start(ids, [size, size, 3], process, Device);
        var way = recipe.GridOfSteps && ids[0] == recipe.First ? new WayOfSteps(start, process) : null;
        var shown = Stopwatch.GetTimestamp();
        foreach (var step in sampler.Steps(model, start, noise.Steps(ids, process), cancellation))
        {
            way?.Add(step);
            bar.Advance(ids.Length);
            if (step.Done == step.Total)
            {
                var images = SampleSheet.Images(step.Sample);
                for (var i = 0; i < ids.Length; i++) PngWriter.Save(PathOf(ids[i]), images[i]);
            }
            else if (Stopwatch.GetElapsedTime(shown) > previewEvery)
            {
                PngWriter.Save(PreviewPath, ContactSheet.Make(SampleSheet.Images(step.Start),
                    zoom: Math.Max(1, 64 / size)));
                shown = Stopwatch.GetTimestamp();
            }
        }
        if (way is not null) PngWriter.Save(run.At("steps.png"), way.Draw());
    }
}
