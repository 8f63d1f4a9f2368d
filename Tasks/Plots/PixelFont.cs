namespace Diffract.Tasks;

/// <summary>Small letters made of pixels, for labels in pictures: 5 wide, 7 high, one pixel between two.</summary>
internal static class PixelFont
{
    /// <summary>Height of a line, pixels.</summary>
    public const int Height = 7;

    private const int Advance = 6;

    private static readonly byte[] ink = [0x22, 0x26, 0x2B];

    // Seven rows of five bits, the left pixel highest.
    private static readonly Dictionary<char, string> rows = new()
    {
        ['0'] = "0E11131519110E", ['1'] = "040C040404040E", ['2'] = "0E11010204081F", ['3'] = "1F02040201110E",
        ['4'] = "02060A121F0202", ['5'] = "1F101E0101110E", ['6'] = "0608101E11110E", ['7'] = "1F010204080808",
        ['8'] = "0E11110E11110E", ['9'] = "0E11110F01020C", ['a'] = "00000E010F110F", ['b'] = "1010161911111E",
        ['c'] = "00000E1010110E", ['d'] = "01010D1311110F", ['e'] = "00000E111F100E", ['f'] = "0609081C080808",
        ['g'] = "000F11110F010E", ['h'] = "10101619111111", ['i'] = "04000C0404040E", ['j'] = "0200060202120C",
        ['k'] = "10101214181412", ['l'] = "0C04040404040E", ['m'] = "00001A15151111", ['n'] = "00001619111111",
        ['o'] = "00000E1111110E", ['p'] = "00001E111E1010", ['q'] = "00000D130F0101", ['r'] = "00001619101010",
        ['s'] = "00000E100E011E", ['t'] = "08081C08080906", ['u'] = "0000111111130D", ['v'] = "00001111110A04",
        ['w'] = "0000111115150A", ['x'] = "0000110A040A11", ['y'] = "000011110F010E", ['z'] = "00001F0204081F",
    };

    /// <summary>Width of a text, pixels.</summary>
    public static int Width(string text) => text.Length * Advance - 1;

    /// <summary>Writes a text of digits, small letters and spaces; anything else stays white.</summary>
    public static void Write(Image image, string text, int left, int top)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!rows.TryGetValue(text[i], out var glyph)) continue;
            for (var y = 0; y < Height; y++)
            {
                var bits = Convert.FromHexString(glyph.AsSpan(2 * y, 2))[0];
                for (var x = 0; x < Advance - 1; x++)
                    if ((bits >> (4 - x) & 1) != 0)
                        ink.CopyTo(image.Row(top + y)[((left + i * Advance + x) * Image.Channels)..]);
            }
        }
    }
}
