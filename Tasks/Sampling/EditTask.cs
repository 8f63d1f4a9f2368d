using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>What came back of an image that went to noise.</summary>
/// <param name="Image">Its file.</param>
/// <param name="Error">Root of the mean squared difference, in levels of 0 to 255.</param>
/// <param name="Psnr">Peak signal-to-noise ratio, dB.</param>
/// <param name="NoiseMean">Mean of the noise it became; 0 for a perfect one.</param>
/// <param name="NoiseDeviation">Its standard deviation; 1 for a perfect one.</param>
public sealed record RoundTrip(string Image, double Error, double Psnr, double NoiseMean, double NoiseDeviation);

/// <summary>Takes images to the noise that DDIM would make them of, and back (Song et al. 2021); between two images
/// along the sphere that noise lies on (Shoemake 1985). Writes into a run folder:
/// <code>
/// edit.png         image, noise, what came back, and four times the difference
/// between.png      the way from the first image to the second, where it was asked for
/// 0.png, 1.png ... what came back
/// result.json      the errors
/// </code></summary>
/// <param name="run">The folder.</param>
/// <param name="recipe">What to do.</param>
/// <param name="network">The network; everything is calculated on its device.</param>
public sealed class EditTask(RunFolder run, EditRecipe recipe, DiffusionNetwork network)
{
    private const int Contrast = 4;

    private readonly int size = recipe.ImageSize ?? network.Network.Config.ImageSize;

    private Device Device => network.Network.Device;

    /// <summary>Goes there and back.</summary>
    /// <param name="progress">Counts steps.</param>
    /// <param name="cancellation">Stops within a fraction of a step.</param>
    /// <exception cref="DiffractException">The recipe does not suit the network, or an image cannot be read.
    /// </exception>
    public IReadOnlyList<RoundTrip> Run(IRunProgress progress, CancellationToken cancellation = default)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        using var precision = network.Precision.Use(Device);
        Image[] given = [.. recipe.Images.Select(path => Crops.Center(ImageFile.Read(path), size))];
        var images = NetworkInput.FromImages(given).To(Device);
        var (from, to) = (Model(recipe.Label, given.Length), Model(recipe.ToLabel ?? recipe.Label, given.Length));
        var sampler = Sampler();
        Tensor noise;
        using (var bar = progress.Begin("to noise", sampler.Diffusion.Steps - 1, "steps"))
            noise = sampler.Invert(from, images, new StepsOnBar(bar), cancellation);
        var back = Draw(sampler, to, noise, progress, "to images", cancellation);
        var made = NetworkInput.ToImages(back.To(Device.Cpu));
        for (var i = 0; i < made.Length; i++) PngWriter.Save(run.At($"{i}.png"), made[i]);
        PngWriter.Save(run.At("edit.png"), ContactSheet.Make([.. Enumerable.Range(0, given.Length).SelectMany(i =>
            (Image[])[given[i], SampleSheet.Images(noise.Slice(0, i, 1) / 3)[0], made[i],
                Difference(given[i], made[i])])], columns: 4, zoom: Math.Max(1, 128 / size)));
        if (recipe.Points > 0) Between(sampler, noise, given, progress, cancellation);
        IReadOnlyList<RoundTrip> trips = [.. given.Select((image, i) => Compare(recipe.Images[i], image, made[i],
            noise.Slice(0, i, 1).ToArray<float>()))];
        RecipeFile.Save(run.At("result.json"), trips, EditJson.Default.IReadOnlyListRoundTrip);
        return trips;
    }

    private DdimSampler Sampler()
    {
        try
        {
            return new DdimSampler(network.Recipe.Make($"logsnr{recipe.Steps}"), 0,
                new SamplingOptions { ClipDenoised = recipe.Clip });
        }
        catch (ArgumentException e)
        {
            throw new DiffractException($"{recipe.Steps} steps: {e.Message}", e);
        }
    }

    private Denoiser Model(int? label, int count)
    {
        network.CheckLabel(label);
        return network.Network.AsDenoiser(label is { } known
            ? Tensor.From([.. Enumerable.Repeat((long)known, count)], [count]).To(Device)
            : null);
    }

    private static Tensor Draw(DdimSampler sampler, Denoiser model, Tensor noise, IRunProgress progress, string title,
        CancellationToken cancellation)
    {
        using var bar = progress.Begin(title, sampler.Diffusion.Steps, "steps");
        return sampler.Sample(model, noise, (_, like) => like, new StepsOnBar(bar), cancellation);
    }

    private void Between(DdimSampler sampler, Tensor noise, Image[] given, IRunProgress progress,
        CancellationToken cancellation)
    {
        using var scope = Scope.Open();
        var (first, second) = (noise.Slice(0, 0, 1), noise.Slice(0, 1, 1));
        var ways = Enumerable.Range(0, recipe.Points).Select(i =>
            Spherical(first, second, recipe.Points == 1 ? 0.5 : i / (recipe.Points - 1.0)));
        var points = Tensor.Concat(0, [.. ways]);
        var drawn = Draw(sampler, Model(recipe.ToLabel ?? recipe.Label, recipe.Points), points, progress, "between",
            cancellation);
        PngWriter.Save(run.At("between.png"), ContactSheet.Make(
            [given[0], .. NetworkInput.ToImages(drawn.To(Device.Cpu)), given[1]], columns: recipe.Points + 2,
            zoom: Math.Max(1, 128 / size)));
    }

    // Straight lines would lead through noise that is too weak.
    private static Tensor Spherical(Tensor from, Tensor to, double share)
    {
        var cosine = (from * to).Sum().Item<float>()
            / Math.Sqrt((from * from).Sum().Item<float>() * (double)(to * to).Sum().Item<float>());
        var angle = Math.Acos(Math.Clamp(cosine, -1, 1));
        if (angle < 1e-4) return from * (1 - share) + to * share;
        var whole = Math.Sin(angle);
        return from * (Math.Sin((1 - share) * angle) / whole) + to * (Math.Sin(share * angle) / whole);
    }

    private static RoundTrip Compare(string path, Image image, Image back, float[] noise)
    {
        var squared = image.Pixels.Zip(back.Pixels, (a, b) => (double)(a - b) * (a - b)).Average();
        var mean = noise.Average(v => (double)v);
        return new RoundTrip(path, Math.Sqrt(squared), 10 * Math.Log10(255.0 * 255 / squared), mean,
            Math.Sqrt(noise.Average(v => (v - mean) * (v - mean))));
    }

    private static Image Difference(Image image, Image back) => new(image.Width, image.Height,
        [.. image.Pixels.Zip(back.Pixels, (a, b) => (byte)Math.Clamp(128 + Contrast * (b - a), 0, 255))]);
}
