namespace Diffract.Tasks;

/// <summary>Reads the header of a Windows bitmap and checks that all rows are there.</summary>
internal static class BmpHeader
{
    public static ImageHeader Read(ReadOnlySpan<byte> file)
    {
        var reader = new ByteReader(file);
        reader.Skip(10);
        long data = reader.U32Little();
        var at = reader.Position;
        var size = reader.U32Little();
        int width, height, compression = 0;
        int depth;
        switch (size)
        {
            case 12:
                (width, height) = (reader.U16Little(), reader.U16Little());
                reader.Skip(2);
                depth = reader.U16Little();
                break;
            case 40 or 56 or 108 or 124:
                (width, height) = (reader.I32Little(), reader.I32Little());
                reader.Skip(2);
                (depth, compression) = (reader.U16Little(), reader.I32Little());
                break;
            default:
                throw ByteReader.Problem(at, $"a header of {size} bytes is not supported");
        }
        // A negative height means that the rows are stored from the top.
        if (width < 1 || height is 0 or int.MinValue)
            throw ByteReader.Problem(at, $"an image of {width}x{height} is not possible");
        height = Math.Abs(height);
        if (compression is not (0 or 3)) throw ByteReader.Problem(at, "compressed bitmaps are not supported");
        if (depth is not (1 or 4 or 8 or 16 or 24 or 32))
            throw ByteReader.Problem(at, $"a bitmap of {depth} bits a pixel does not exist");
        if (data < 14 + size) throw ByteReader.Problem(10, "the pixels lie inside the header");
        var rows = ((long)width * depth + 31) / 32 * 4 * height;
        if (data + rows > file.Length)
            throw ByteReader.Problem(file.Length, $"the file ends too early, {data + rows - file.Length} bytes of "
                + $"{width}x{height} pixels are missing");
        return new(ImageFormat.Bmp, width, height, Orientation.TopLeft, file.Length);
    }
}
