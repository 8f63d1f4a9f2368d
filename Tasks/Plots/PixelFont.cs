namespace Diffract.Tasks;

/// <summary>Small letters made of pixels, for labels in pictures: 5 wide, 7 high and 2 below, one pixel between
/// two.</summary>
internal static class PixelFont
{
    /// <summary>Height of a line, pixels.</summary>
    public const int Height = 9;

    private const int Advance = 6;

    private static readonly byte[] ink = [0x22, 0x26, 0x2B];

    private const string Characters = "0123456789abcdefghijklmnopqrstuvwxyz";

    // For each character seven rows of five bits, or nine where it reaches below the line; the left pixel highest.
    private static readonly string[] glyphs =
    [
        "0E11131519110E", "040C040404040E", "0E11010204081F", "1F02040201110E", "02060A121F0202",
        "1F101E0101110E", "0608101E11110E", "1F010204080808", "0E11110E11110E", "0E11110F01020C",
        "00000E010F110F", "1010161911111E", "00000E1010110E", "01010D1311110F", "00000E111F100E",
        "0609081C080808", "00000F1111110F010E", "10101619111111", "04000C0404040E", "02000602020202120C",
        "10101214181412", "0C04040404040E", "00001A15151111", "00001619111111", "00000E1111110E",
        "00001E1111111E1010", "00000F1111110F0101", "00001619101010", "00000E100E011E", "08081C08080906",
        "0000111111130D", "00001111110A04", "0000111115150A", "0000110A040A11", "0000111111110F010E",
        "00001F0204081F",
    ];

    /// <summary>Width of a text, pixels.</summary>
    public static int Width(string text) => text.Length * Advance - 1;

    /// <summary>Writes a text of digits, small letters and spaces; anything else stays white.</summary>
    public static void Write(Image image, string text, int left, int top)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var character = Characters.IndexOf(text[i], StringComparison.Ordinal);
            if (character < 0) continue;
            var rows = Convert.FromHexString(glyphs[character]);
            for (var y = 0; y < rows.Length; y++)
            {
                var bits = rows[y];
                for (var x = 0; x < Advance - 1; x++)
                    if ((bits >> (4 - x) & 1) != 0)
                        ink.CopyTo(image.Row(top + y)[((left + i * Advance + x) * Image.Channels)..]);
            }
        }
    }
}
