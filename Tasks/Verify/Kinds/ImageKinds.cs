using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>From pictures to what networks take.</summary>
internal static class ImageKinds
{
    private const string Source = ".rgb";

    public static Dictionary<string, KindRunner> Table { get; } = new() { ["image_preprocessing"] = Preprocessing };

    /// <summary>The tensors of one picture share a prefix; the sizes wanted are those of the stored crops.</summary>
    private static void Preprocessing(VerifyCase c)
    {
        foreach (var name in c.Names.Where(n => n.EndsWith(Source, StringComparison.Ordinal)).ToArray())
        {
            var prefix = name[..^(Source.Length - 1)];
            var pixels = c.Stored(name);
            var image = new Image(pixels.Shape.Int(1), pixels.Shape.Int(0), pixels.ToArray<byte>());
            if (c.Has(prefix + "center_crop")) Centre(c, prefix, image);
            if (c.Has(prefix + "random_crop")) Random(c, prefix, image);
        }
    }

    private static void Centre(VerifyCase c, string prefix, Image image)
    {
        var size = c.Data[prefix + "center_crop"].Shape.Int(0);
        var crop = Crops.Center(image, size);
        Check(c, prefix + "center_crop", crop);
        if (c.Has(prefix + "after_box")) Check(c, prefix + "after_box", Crops.Halve(image, size));
        if (c.Has(prefix + "after_bicubic")) Check(c, prefix + "after_bicubic", Crops.ShortSide(image, size));
        if (!c.Has(prefix + "network_input")) return;
        var batch = NetworkInput.FromImages(crop);
        var planes = Layouts.ToStored(batch, Layout.ChannelsLast);
        c.Check(prefix + "network_input", planes.Window(planes.Shape[1..], planes.Offset));
    }

    private static void Random(VerifyCase c, string prefix, Image image)
    {
        var draws = c.Integers(prefix + "random_draws");
        if (draws.Length is not (3 or 4))
            throw new VerifyException(
                $"{prefix}random_draws: expected short side, top, left, found {draws.Length} numbers");
        var draw = new CropDraw((int)draws[0], (int)draws[1], (int)draws[2], Flip: draws is [_, _, _, not 0]);
        Check(c, prefix + "random_crop", Crops.Random(image, c.Data[prefix + "random_crop"].Shape.Int(0), draw));
    }

    private static void Check(VerifyCase c, string name, Image found) =>
        c.Check(name, Tensor.From(found.Pixels, [found.Height, found.Width, Image.Channels]));
}
