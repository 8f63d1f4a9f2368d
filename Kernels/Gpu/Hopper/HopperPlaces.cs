namespace Diffract.Kernels;

/// <summary>A box of places in a grid, by its first one. All threads that use it are at the same box.</summary>
/// <param name="Column">The place in its line.</param>
/// <param name="Line">The line.</param>
/// <param name="Image">The image.</param>
internal readonly record struct HopperPlaces(PtxValue Column, PtxValue Line, PtxValue Image)
{
    /// <summary>The box of a number.</summary>
    /// <param name="box">Fields of <see cref="HopperBox"/>.</param>
    /// <param name="index">The number: boxes are counted along lines first.</param>
    public static HopperPlaces Of(Func<string, PtxValue> box, PtxValue index)
    {
        var line = index / box("Across");
        var image = line / box("Down");
        return new((index - line * box("Across")) * box("Width"), (line - image * box("Down")) * box("Height"),
            image * box("Images"));
    }

    /// <summary>The same in registers that <see cref="Advance"/> changes.</summary>
    public HopperPlaces Variable(PtxWriter k) => new(
        k.Variable(PtxNumber.S32, Column), k.Variable(PtxNumber.S32, Line), k.Variable(PtxNumber.S32, Image));

    /// <summary>Goes on to the next box.</summary>
    /// <param name="k">The kernel.</param>
    /// <param name="box">Fields of <see cref="HopperBox"/>.</param>
    /// <param name="sizes">Fields of <see cref="MmaSizes"/>.</param>
    public void Advance(PtxWriter k, Func<string, PtxValue> box, Func<string, PtxValue> sizes)
    {
        k.Set(Column, Column + box("Width"));
        var nextLine = Column >= sizes("Window.GridWidth.Length");
        k.Set(Column, nextLine.Choose(0, Column));
        k.Set(Line, nextLine.Choose(Line + box("Height"), Line));
        var nextImage = Line >= sizes("Window.GridHeight.Length");
        k.Set(Line, nextImage.Choose(0, Line));
        k.Set(Image, nextImage.Choose(Image + box("Images"), Image));
    }

    /// <summary>The number of one of the box's places among all of the grid; <paramref name="otherwise"/> for one that
    /// stands over the edge of its line or image. Images that are not there come behind all that are.</summary>
    public PtxValue Number(Func<string, PtxValue> box, Func<string, PtxValue> sizes, PtxValue place,
        PtxValue otherwise)
    {
        PtxValue width = sizes("Window.GridWidth.Length"), height = sizes("Window.GridHeight.Length");
        var column = Column + (place & box("Width") - 1);
        var above = place >> box("WidthBits");
        var line = Line + (above & box("Height") - 1);
        var image = Image + (above >> box("HeightBits"));
        return (column < width & line < height).Choose((image * height + line) * width + column, otherwise);
    }
}
