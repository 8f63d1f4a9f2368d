using System.Security.Cryptography;
using System.Text;

namespace Diffract.Tasks;

/// <summary>Tells sets of images apart by what they are called.</summary>
internal static class ImagesHash
{
    /// <summary>SHA-256 of the names of the classes, and of label and name of each image in its place.</summary>
    public static string Of(ImageDataset data) => Of(data.ClassNames, data.Count, data.Label, data.Id);

    /// <inheritdoc cref="Of(ImageDataset)"/>
    public static string Of(IFeatureSource source) => Of(source.Classes, source.Count, source.Label, source.Id);

    private static string Of(IReadOnlyList<string> classes, int count, Func<int, int> label, Func<int, string> name)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var one in classes) hash.AppendData(Encoding.UTF8.GetBytes($"{one}\n"));
        for (var i = 0; i < count; i++) hash.AppendData(Encoding.UTF8.GetBytes($"{label(i)}\t{name(i)}\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
