using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Between bytes and the numbers that networks take and give: value = byte / 127.5 - 1, so [-1, 1].</summary>
public static class NetworkInput
{
    private static readonly float[] Values = MakeValues();

    /// <summary>Writes a picture as floats in [-1, 1].</summary>
    /// <param name="image">The picture.</param>
    /// <param name="destination">[height, width, 3].</param>
    /// <exception cref="ShapeException">The destination has another length.</exception>
    public static void Write(Image image, Span<float> destination)
    {
        if (destination.Length != image.Pixels.Length)
            throw new ShapeException($"a picture of {image} is {image.Pixels.Length} numbers, found room for "
                + $"{destination.Length}");
        for (var i = 0; i < destination.Length; i++) destination[i] = Values[image.Pixels[i]];
    }

    /// <summary>A batch of pictures of one size: float32 [N, height, width, 3] in [-1, 1].</summary>
    /// <exception cref="ShapeException">There is none, or sizes differ.</exception>
    public static Tensor FromImages(params ReadOnlySpan<Image> images)
    {
        if (images.IsEmpty) throw new ShapeException("a batch needs at least one picture");
        var (width, height) = (images[0].Width, images[0].Height);
        foreach (var image in images)
        {
            if (image.Width != width || image.Height != height)
                throw new ShapeException($"pictures of one batch must have one size, found {images[0]} and {image}");
        }
        var batch = Tensor.Empty([images.Length, height, width, Image.Channels]);
        var numbers = batch.AsSpan<float>();
        var length = images[0].Pixels.Length;
        for (var i = 0; i < images.Length; i++) Write(images[i], numbers.Slice(i * length, length));
        return batch;
    }

    /// <summary>The pictures of a batch of numbers: round((value + 1) * 127.5), limited to a byte; NaN becomes black.
    /// </summary>
    /// <param name="batch">Float32 [N, height, width, 3].</param>
    /// <exception cref="ShapeException">Not a batch of three-channel pictures.</exception>
    public static Image[] ToImages(Tensor batch)
    {
        if (batch.Rank != 4 || batch.Shape[3] != Image.Channels)
            throw new ShapeException($"pictures are [N, height, width, {Image.Channels}], found {batch.Shape}");
        var (height, width) = (batch.Shape.Int(1), batch.Shape.Int(2));
        var images = new Image[batch.Shape.Int(0)];
        var isThere = batch is { Device: CpuDevice, IsContiguous: true };
        var numbers = isThere ? batch.AsSpan<float>() : batch.ToArray<float>();
        var length = height * width * Image.Channels;
        for (var i = 0; i < images.Length; i++)
        {
            images[i] = new Image(width, height);
            var from = numbers.Slice(i * length, length);
            for (var k = 0; k < length; k++)
                images[i].Pixels[k] = (byte)Math.Clamp(MathF.Round((from[k] + 1) * 127.5f), 0, 255);
        }
        return images;
    }

    private static float[] MakeValues()
    {
        var values = new float[256];
        for (var i = 0; i < values.Length; i++) values[i] = i / 127.5f - 1;
        return values;
    }
}
