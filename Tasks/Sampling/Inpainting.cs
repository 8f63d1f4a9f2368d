using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Draws a part of an image anew: in every step the predicted clean image is what is known outside the part,
/// so that the network continues it inside.</summary>
internal sealed class Inpainting : IDisposable
{
    private readonly Tensor known, mask;

    private Inpainting(Tensor known, Tensor mask) => (this.known, this.mask) = (known, mask);

    /// <summary>The image and mask of a recipe; null where nothing is known.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="size">Side of the square in the images' middle that is taken, pixels.</param>
    /// <param name="device">Where to.</param>
    /// <exception cref="DiffractException">Image and mask have different sizes, or there is nothing to draw or to keep.
    /// </exception>
    public static Inpainting? Of(SampleRecipe recipe, int size, Device device)
    {
        if (recipe is not { Inpaint: { } path, Mask: { } shape }) return null;
        var (image, drawn) = (ImageFile.Read(path), ImageFile.Read(shape));
        if ((image.Width, image.Height) != (drawn.Width, drawn.Height))
            throw new DiffractException($"{shape} is a mask of {drawn}, {path} is {image}: both must have one size");
        using var scope = Scope.Open();
        var known = NetworkInput.FromImages(Crops.Center(image, size));
        // Grey of the mask, of -1 to 1; a pixel is drawn or kept, nothing between.
        var grey = NetworkInput.FromImages(Crops.Center(drawn, size)).Mean(-1, keepDim: true).ToArray<float>();
        var mask = Tensor.From([.. grey.Select(g => g > 0 ? 1f : 0f)], [1, size, size, 1]);
        if (grey.All(g => g > 0))
            throw new DiffractException($"{shape} is bright everywhere: nothing of {path} is kept");
        if (!grey.Any(g => g > 0))
            throw new DiffractException($"{shape} is dark everywhere: there is nothing to draw");
        return new Inpainting(scope.Keep(known.To(device)), scope.Keep(mask.To(device)));
    }

    /// <summary>A predicted clean image with what is known put in.</summary>
    public Tensor Apply(Tensor start) => known + mask * (start - known);

    /// <inheritdoc/>
    public void Dispose()
    {
        known.Dispose();
        mask.Dispose();
    }
}
