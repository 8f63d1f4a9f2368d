using System.Text.Json;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Evaluates the variational bound of images: one run of the network for each image and timestep. After every
/// batch the run folder has what was found, and a run that was stopped goes on from there with the same bits.</summary>
/// <param name="run">The run folder.</param>
/// <param name="recipe">What to do.</param>
/// <param name="data">The images.</param>
/// <param name="network">The network.</param>
public sealed class LikelihoodTask(
    RunFolder run, LikelihoodRecipe recipe, ImageDataset data, DiffusionNetwork network)
{
    private const string Kind = "likelihood/1";
    private const string Next = "next";
    private const string Names = "diffract.images";

    private readonly string path = run.At("bits.safetensors");
    private readonly GaussianDiffusion diffusion = network.Recipe.Make();
    private readonly int[] items = Items(recipe, data);
    private readonly NoiseSource noise = new(recipe.Seed);

    // Of every image so far; rows of as many numbers as there are timesteps.
    private readonly List<string> images = [];
    private readonly List<float[]> terms = [], errors = [];
    private readonly List<float> priors = [];

    /// <summary>Images that could not be read, in words; empty when all could.</summary>
    public string Skipped { get; private set; } = "";

    /// <summary>Evaluates all images, or the rest of them.</summary>
    /// <param name="progress">Says how far it is.</param>
    /// <param name="cancellation">Stops within a run of the network; what the batch had is lost.</param>
    /// <exception cref="DiffractException">There are fewer than two images, or the network needs a label.</exception>
    public LikelihoodResult Run(IRunProgress progress, CancellationToken cancellation = default)
    {
        if (items.Length < 2) throw new DiffractException($"a mean and its error take 2 images, found {items.Length}");
        var backbone = network.Backbone(recipe.ClassLabel);
        var size = recipe.ImageSize ?? network.Network.Config.ImageSize;
        var next = Load();
        if (next > 0) progress.Say($"going on after {next} of {items.Length} images");
        var broken = new BrokenImages(recipe.StopOnBrokenImage);
        using var bar = progress.Begin("bound", (long)items.Length * diffusion.Steps, "runs of the network",
            (long)next * diffusion.Steps);
        int[] rest = items[next..];
        var loader = new Loader(new Subset(data, rest), LoaderOptions.Evaluation(size, recipe.Batch), broken);
        foreach (var batch in loader.Epoch(cancellation: cancellation))
            using (batch)
            {
                int[] wanted = [.. batch.Indices.Select(i => rest[i])];
                Add(backbone.Network, batch.Images, wanted, new StepsOnBar(bar, batch.Count), cancellation);
                Save(next + Math.Min(rest.Length, (batch.Number + 1) * recipe.Batch));
            }
        Skipped = broken.ToString();
        return images.Count >= 2 ? Result() : throw new DiffractException("fewer than 2 of the images could be read");
    }

    private void Add(UNet unet, Tensor pictures, int[] wanted, StepsOnBar steps, CancellationToken cancellation)
    {
        using var stop = Cancellation.Use(cancellation);
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var device = unet.Device;
        long[] ids = [.. wanted.Select(i => (long)i)];
        var labels = recipe.ClassLabel is { } known
            ? Tensor.From([.. wanted.Select(_ => (long)known)], [wanted.Length]).To(device)
            : null;
        var bound = diffusion.Bound(Denoiser(unet, labels), pictures.To(device),
            (t, like) => noise.For(ids, t, like.Shape[1..], like.Device), progress: steps, cancellation: cancellation);
        var (all, priorBits, noiseErrors) = (bound.Terms.ToArray<float>(), bound.Prior.ToArray<float>(),
            bound.Mse.ToArray<float>());
        for (var i = 0; i < wanted.Length; i++)
        {
            images.Add(data.Id(wanted[i]));
            priors.Add(priorBits[i]);
            terms.Add(all[(i * diffusion.Steps)..((i + 1) * diffusion.Steps)]);
            errors.Add(noiseErrors[(i * diffusion.Steps)..((i + 1) * diffusion.Steps)]);
        }
    }

    // Only the network calculates in fewer bits; what is made of its output does not.
    private Denoiser Denoiser(UNet unet, Tensor? labels)
    {
        var plain = unet.AsDenoiser(labels);
        return (x, timesteps) =>
        {
            using var precision = network.Precision.Use(unet.Device);
            return plain(x, timesteps);
        };
    }

    private LikelihoodResult Result()
    {
        double[] Mean(List<float[]> rows) => [.. Enumerable.Range(0, diffusion.Steps)
            .Select(t => rows.Average(row => (double)row[t]))];
        double[] bits = [.. terms.Zip(priors, (row, prior) => row.Sum(term => (double)term) + prior)];
        var mean = bits.Average();
        var variance = bits.Sum(value => (value - mean) * (value - mean)) / (bits.Length - 1);
        return new LikelihoodResult(mean, Math.Sqrt(variance / bits.Length), priors.Average(prior => (double)prior),
            Mean(terms), Mean(errors), [.. images.Zip(bits, (image, value) => new ImageBits(image, value))]);
    }

    private void Save(int next)
    {
        using var scope = Scope.Open();
        var state = new SavedState { Numbers = { [Next] = next } };
        state.Tensors["terms"] = Tensor.From([.. terms.SelectMany(row => row)], [terms.Count, diffusion.Steps]);
        state.Tensors["mse"] = Tensor.From([.. errors.SelectMany(row => row)], [errors.Count, diffusion.Steps]);
        state.Tensors["prior"] = Tensor.From([.. priors], [priors.Count]);
        StateFile.Save(path, state, Kind, new Dictionary<string, string>
        {
            [Names] = JsonSerializer.Serialize([.. images], StateJson.Default.StringArray),
        });
    }

    private int Load()
    {
        if (!File.Exists(path)) return 0;
        var (state, text) = StateFile.Load(path, Kind);
        images.AddRange(JsonSerializer.Deserialize(text[Names], StateJson.Default.StringArray)!);
        priors.AddRange(state.Tensors["prior"].ToArray<float>());
        terms.AddRange(state.Tensors["terms"].ToArray<float>().Chunk(diffusion.Steps));
        errors.AddRange(state.Tensors["mse"].ToArray<float>().Chunk(diffusion.Steps));
        foreach (var tensor in state.Tensors.Values) tensor.Dispose();
        return (int)state.Number(Next);
    }

    private static int[] Items(LikelihoodRecipe recipe, ImageDataset data)
    {
        var count = recipe.Images == 0 ? data.Count : Math.Min(recipe.Images, data.Count);
        return [.. Enumerable.Range(0, count).Select(i => (int)((long)i * data.Count / count))];
    }
}
