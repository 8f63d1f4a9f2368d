using System.Buffers.Binary;

namespace Diffract.Tasks;

/// <summary>The one thing an EXIF block is read for: the orientation. A block that is malformed says nothing, as in
/// every viewer; it is no reason to refuse a picture.</summary>
/// <remarks>EXIF is a TIFF file (TIFF 6.0, section 2): byte order "II" or "MM", the number 42, the offset of the first
/// directory; a directory is a count and entries of 12 bytes: tag, type, count, value.</remarks>
internal static class Exif
{
    private const int OrientationTag = 0x0112;
    private const int Short = 3;

    public static Orientation ReadOrientation(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8) return Orientation.TopLeft;
        bool little;
        if (tiff[..2].SequenceEqual("II"u8)) little = true;
        else if (tiff[..2].SequenceEqual("MM"u8)) little = false;
        else return Orientation.TopLeft;
        var directory = U32(tiff[4..], little);
        if (U16(tiff[2..], little) != 42 || directory > tiff.Length - 2) return Orientation.TopLeft;
        var entries = tiff[((int)directory + 2)..];
        for (var count = U16(tiff[(int)directory..], little); count > 0 && entries.Length >= 12; count--)
        {
            if (U16(entries, little) == OrientationTag && U16(entries[2..], little) == Short)
            {
                var value = U16(entries[8..], little);
                return value is >= 1 and <= 8 ? (Orientation)(value - 1) : Orientation.TopLeft;
            }
            entries = entries[12..];
        }
        return Orientation.TopLeft;
    }

    private static int U16(ReadOnlySpan<byte> at, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(at) : BinaryPrimitives.ReadUInt16BigEndian(at);

    private static uint U32(ReadOnlySpan<byte> at, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(at) : BinaryPrimitives.ReadUInt32BigEndian(at);
}
