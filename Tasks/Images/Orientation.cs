namespace Diffract.Tasks;

/// <summary>How the stored rows and columns lie in the scene: EXIF tag 0x0112 (JEITA CP-3451, section 4.6.4). A name
/// says where the stored first row and first column are; the values are EXIF's less one.</summary>
public enum Orientation
{
    /// <summary>Upright as stored.</summary>
    TopLeft,

    /// <summary>Mirrored left to right.</summary>
    TopRight,

    /// <summary>Upside down: turned by 180 degrees.</summary>
    BottomRight,

    /// <summary>Mirrored top to bottom.</summary>
    BottomLeft,

    /// <summary>Rows and columns exchanged.</summary>
    LeftTop,

    /// <summary>To be turned by 90 degrees clockwise.</summary>
    RightTop,

    /// <summary>Rows and columns exchanged and turned by 180 degrees.</summary>
    RightBottom,

    /// <summary>To be turned by 90 degrees anticlockwise.</summary>
    LeftBottom,
}

/// <summary>Turning pictures upright.</summary>
public static class Orientations
{
    /// <summary>The picture as it should be seen; the same object when it already is upright.</summary>
    public static Image Upright(this Image image, Orientation orientation)
    {
        if (orientation == Orientation.TopLeft) return image;
        var transposed = orientation >= Orientation.LeftTop;
        // Seen pixel (x, y) is stored pixel (y, x) when transposed, else (x, y); then a stored axis may run backwards.
        var mirrorX = orientation is Orientation.TopRight or Orientation.BottomRight or Orientation.RightBottom
            or Orientation.LeftBottom;
        var mirrorY = orientation is Orientation.BottomRight or Orientation.BottomLeft or Orientation.RightTop
            or Orientation.RightBottom;
        var upright = transposed ? new Image(image.Height, image.Width) : new Image(image.Width, image.Height);
        for (var y = 0; y < upright.Height; y++)
        {
            var row = upright.Row(y);
            for (var x = 0; x < upright.Width; x++)
            {
                var (fromX, fromY) = transposed ? (y, x) : (x, y);
                if (mirrorX) fromX = image.Width - 1 - fromX;
                if (mirrorY) fromY = image.Height - 1 - fromY;
                image.Pixels.AsSpan((fromY * image.Width + fromX) * Image.Channels, Image.Channels)
                    .CopyTo(row[(x * Image.Channels)..]);
            }
        }
        return upright;
    }
}
