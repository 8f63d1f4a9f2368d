namespace Diffract.Tasks;

/// <summary>An image's bits per dimension.</summary>
/// <param name="Image">Its name.</param>
/// <param name="Bits">Its variational bound.</param>
public sealed record ImageBits(string Image, double Bits);

/// <summary>How likely a network finds images: the variational bound on their negative log likelihood, in bits for
/// each number of each pixel.</summary>
/// <param name="Bits">Mean over the images: <see cref="Prior"/> and the sum of <see cref="Terms"/>.</param>
/// <param name="Error">Standard error of that mean.</param>
/// <param name="Prior">What is left of an image in the noisiest one; no network can change it.</param>
/// <param name="Terms">Mean term of every timestep, 0 first: that of 0 is about the image's bytes, the others about
/// what a step takes away.</param>
/// <param name="Mse">Mean squared error of the noise that was predicted, by timestep.</param>
/// <param name="Images">Every image's bound.</param>
public sealed record LikelihoodResult(double Bits, double Error, double Prior, IReadOnlyList<double> Terms,
    IReadOnlyList<double> Mse, IReadOnlyList<ImageBits> Images)
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<LikelihoodResult> Json =>
        LikelihoodJson.Default.LikelihoodResult;

    /// <summary>The bound's parts: timestep 0, then ten times as many each, then the prior.</summary>
    public IEnumerable<(string Name, double Bits)> Parts()
    {
        yield return ("t 0, the image's bytes", Terms[0]);
        for (var from = 1; from < Terms.Count; from *= 10)
        {
            var to = Math.Min(10 * from, Terms.Count);
            yield return ($"t {from} to {to - 1}", Terms.Skip(from).Take(to - from).Sum());
        }
        yield return ("prior", Prior);
    }
}
