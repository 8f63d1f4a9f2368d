using System.Globalization;

namespace Diffract.Tasks;

/// <summary>Quantities as people read them.</summary>
public static class Units
{
    private static readonly string[] Binary = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>Reads a number of bytes: <c>800MiB</c>, <c>4G</c>, <c>1.5 GB</c>; K, M, G and T are powers of 1024, KB
    /// and so on of 1000, as are KiB of 1024.</summary>
    /// <returns>The bytes; null for another text, or none above 0.</returns>
    public static long? ParseBytes(string text)
    {
        var number = text.AsSpan().Trim();
        var unit = number[(number.LastIndexOfAnyInRange('0', '9') + 1)..].Trim().ToString();
        var digits = number[..(number.LastIndexOfAnyInRange('0', '9') + 1)];
        var power = unit.Length == 0 || unit is "B" ? 0 : "KMGT".IndexOf(char.ToUpperInvariant(unit[0])) + 1;
        var isDecimal = unit.Length == 2 && unit[1] is 'B' or 'b';
        if ((power == 0 && unit is not ("" or "B")) || (power > 0 && !isDecimal && unit[1..] is not ("" or "iB"))
            || !double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
            return null;
        var bytes = value * Math.Pow(isDecimal ? 1000 : 1024, power);
        return bytes is >= 1 and < long.MaxValue ? (long)bytes : null;
    }

    /// <summary>Bytes with a binary prefix and three digits: <c>1.38 GiB</c>.</summary>
    public static string Bytes(long bytes)
    {
        double value = bytes;
        var prefix = 0;
        // 999.5 would print as 1000: such a value takes the next prefix.
        while (Math.Abs(value) >= 999.5 && prefix < Binary.Length - 1)
        {
            value /= 1024;
            prefix++;
        }
        return prefix == 0 ? $"{bytes} B" : $"{Digits(value)} {Binary[prefix]}";
    }

    /// <summary>A number with thousands separated: <c>552,814,086</c>.</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Thousands, millions, thousand millions or more: <c>302.8 M</c>; as it is below a thousand.</summary>
    public static string Large(long count) => count switch
    {
        // What would print as 1000.0 takes the next prefix.
        >= 999_950_000_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e12:0.00} T"),
        >= 999_950_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e9:0.0} G"),
        >= 999_950 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e6:0.0} M"),
        >= 1000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e3:0.0} k"),
        _ => count.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>A rate per second, or per minute or hour when it is slow: <c>12.3 images/s</c>.</summary>
    /// <param name="perSecond">Units in one second.</param>
    /// <param name="unit">What is counted, in the plural.</param>
    public static string Rate(double perSecond, string unit) => perSecond switch
    {
        >= 0.1 => $"{Digits(perSecond)} {unit}/s",
        >= 0.1 / 60 => $"{Digits(perSecond * 60)} {unit}/min",
        _ => $"{Digits(perSecond * 3600)} {unit}/h",
    };

    /// <summary>A duration in its two leading units: <c>2 h 5 min</c>, <c>41 s</c>, <c>0.3 s</c>.</summary>
    public static string Duration(TimeSpan duration)
    {
        var seconds = Math.Max(0, duration.TotalSeconds);
        if (seconds < 9.95) return seconds.ToString("0.0", CultureInfo.InvariantCulture) + " s";
        var whole = (long)Math.Round(seconds);
        return whole switch
        {
            < 60 => $"{whole} s",
            < 3600 => $"{whole / 60} min {whole % 60} s",
            < 86400 => $"{whole / 3600} h {whole % 3600 / 60} min",
            _ => $"{whole / 86400} d {whole % 86400 / 3600} h",
        };
    }

    private static string Digits(double value) => Math.Abs(value) switch
    {
        < 9.995 => value.ToString("0.00", CultureInfo.InvariantCulture),
        < 99.95 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("N0", CultureInfo.InvariantCulture),
    };
}
