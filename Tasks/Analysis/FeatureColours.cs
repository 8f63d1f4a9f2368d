using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Feature maps and weights as pictures.</summary>
public static class FeatureColours
{
    // A few places far out would leave all others without contrast.
    private const double Clipped = 0.01;

    // From little to much: dark violet, red, orange, light yellow.
    private static readonly (double R, double G, double B)[] heat =
        [(20, 11, 54), (131, 32, 107), (229, 92, 48), (251, 180, 26), (252, 255, 164)];

    /// <summary>Maps whose three principal components over all places of all images are red, green and blue, each from
    /// its 1st to its 99th percentile.</summary>
    /// <param name="maps">[N, H, W, C] of at least 3 channels.</param>
    /// <returns>A picture of W x H pixels for each image, and the components' shares of the variance.</returns>
    public static (IReadOnlyList<Image> Pictures, IReadOnlyList<double> Shares) Components(Tensor maps)
    {
        var (n, height, width) = (maps.Shape.Int(0), maps.Shape.Int(1), maps.Shape.Int(2));
        using var scope = Scope.Open();
        var found = PrincipalComponents.Of(
            maps.To(DType.Float32).Reshape([n * height * width, maps.Shape[3]]), Image.Channels);
        var pictures = Enumerable.Range(0, n).Select(_ => new Image(width, height)).ToArray();
        for (var k = 0; k < Image.Channels; k++)
        {
            var sorted = Enumerable.Range(0, n * height * width).Select(i => found.Scores[i, k]).Order().ToArray();
            var low = sorted[(int)(Clipped * (sorted.Length - 1))];
            var high = sorted[(int)Math.Ceiling((1 - Clipped) * (sorted.Length - 1))];
            for (var i = 0; i < sorted.Length; i++)
            {
                var share = high > low ? (found.Scores[i, k] - low) / (high - low) : 0.5;
                var (picture, place) = Math.DivRem(i, height * width);
                pictures[picture].Pixels[place * Image.Channels + k] =
                    (byte)Math.Round(255 * Math.Clamp(share, 0, 1));
            }
        }
        return (pictures, found.Shares);
    }

    /// <summary>A picture under weights: the more weight, the less of the picture and the brighter the colour.
    /// </summary>
    /// <param name="picture">The picture.</param>
    /// <param name="weights">[height, width], from 0; the largest is brightest.</param>
    public static Image Overlay(Image picture, double[,] weights)
    {
        var (rows, columns) = (weights.GetLength(0), weights.GetLength(1));
        var most = Math.Max(weights.Cast<double>().Max(), double.Epsilon);
        var mixed = new Image(picture.Width, picture.Height);
        for (var y = 0; y < picture.Height; y++)
            for (var x = 0; x < picture.Width; x++)
            {
                var share = weights[y * rows / picture.Height, x * columns / picture.Width] / most;
                var (r, g, b) = Heat(share);
                var cover = 0.45 + 0.35 * share;
                var from = picture.Row(y).Slice(x * Image.Channels, Image.Channels);
                var to = mixed.Row(y).Slice(x * Image.Channels, Image.Channels);
                to[0] = (byte)(from[0] + cover * (r - from[0]));
                to[1] = (byte)(from[1] + cover * (g - from[1]));
                to[2] = (byte)(from[2] + cover * (b - from[2]));
            }
        return mixed;
    }

    /// <summary>A picture made larger by repeating its pixels.</summary>
    public static Image Enlarged(Image picture, int width, int height)
    {
        var large = new Image(width, height);
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
                picture.Row(y * picture.Height / height).Slice(x * picture.Width / width * Image.Channels,
                    Image.Channels).CopyTo(large.Row(y)[(x * Image.Channels)..]);
        return large;
    }

    private static (double R, double G, double B) Heat(double share)
    {
        var at = share * (heat.Length - 1);
        var i = Math.Min((int)at, heat.Length - 2);
        var (a, b) = (heat[i], heat[i + 1]);
        double Mix(double low, double high) => low + (at - i) * (high - low);
        return (Mix(a.R, b.R), Mix(a.G, b.G), Mix(a.B, b.B));
    }
}
