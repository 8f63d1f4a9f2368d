namespace Diffract.Tasks;

/// <summary>How close some images are to real ones.</summary>
/// <param name="Images">Images that were compared.</param>
/// <param name="Real">Real images that they were compared with.</param>
/// <param name="Frechet">See <see cref="FrechetDistance"/>.</param>
/// <param name="Kernel">See <see cref="KernelDistance"/>.</param>
/// <param name="Precision">Images in the region of the real ones.</param>
/// <param name="Recall">Real images in the region of these.</param>
/// <param name="Nearest">Median of their distances from the nearest real image.</param>
public sealed record GenerationScore(int Images, int Real, double Frechet, KernelDistance Kernel, Proportion Precision,
    Proportion Recall, double Nearest);

/// <summary>A real image near a generated one.</summary>
/// <param name="Image">Its name.</param>
/// <param name="Distance">Euclidean distance of the features.</param>
public sealed record NearImage(string Image, double Distance);

/// <summary>A generated image and the real ones nearest to it.</summary>
/// <param name="Image">Its name.</param>
/// <param name="IsClosest">True for one of those that are closest to any real image; false for one of the rest, which
/// are evenly spread.</param>
/// <param name="Near">Nearest first.</param>
public sealed record NearestImages(string Image, bool IsClosest, IReadOnlyList<NearImage> Near);

/// <summary>How close generated images are to real ones, and how close real ones are to each other.</summary>
/// <param name="Network">What gave the features: <c>unet.safetensors, t 10, block 7</c>.</param>
/// <param name="IsFid">Whether that is FID's Inception network, so that the Frechet distance is FID.</param>
/// <param name="Features">Number of features.</param>
/// <param name="K">Neighbour that images reach to.</param>
/// <param name="Generated">The generated images against the real ones.</param>
/// <param name="Baseline">Some real images against the others: as many as there are generated ones, half of them at
/// most.</param>
/// <param name="Nearest">Generated images with the real ones that are drawn beside them.</param>
public sealed record GenerationResult(string Network, bool IsFid, int Features, int K, GenerationScore Generated,
    GenerationScore Baseline, IReadOnlyList<NearestImages> Nearest)
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<GenerationResult> Json =>
        GenerationJson.Default.GenerationResult;

    /// <summary>What a reader of the numbers must know, in sentences.</summary>
    public IEnumerable<string> Notes()
    {
        var distance = IsFid ? "FID" : "Frechet distance";
        var fewer = Math.Min(Generated.Images, Generated.Real);
        if (fewer <= Features)
            yield return $"{fewer} images are too few for the covariance of {Features} features: this {distance} is "
                + "much too large, and says something only beside one of as many images";
        if (Baseline.Images < Generated.Images)
            yield return $"the baseline compares {Baseline.Images} real images with {Baseline.Real} others, fewer than "
                + $"the {Generated.Images} generated ones, and so its {distance} is too large beside the other";
    }
}
