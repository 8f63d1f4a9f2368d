using System.Buffers;
using System.Text;

namespace Diffract.Engine;

/// <summary>Text that came from a file nobody vouches for, made fit for a message.</summary>
internal static class FileText
{
    private const int Longest = 100;

    private static readonly UTF8Encoding strict = new(false, throwOnInvalidBytes: true);

    /// <summary>On one line, abridged, in quotes.</summary>
    public static string Quote(ReadOnlySpan<char> text) => $"\"{Plain(text)}\"";

    /// <summary>On one line, abridged: control characters would let a file write to the terminal.</summary>
    public static string Plain(ReadOnlySpan<char> text)
    {
        var plain = new StringBuilder();
        foreach (var c in text.Length > Longest ? text[..Longest] : text)
            plain.Append(char.IsControl(c) || char.IsSurrogate(c) ? '?' : c);
        return plain.Append(text.Length > Longest ? "..." : "").ToString();
    }

    /// <summary>A text as the bytes that files hold.</summary>
    /// <exception cref="ArgumentException">It has half of a surrogate pair, which UTF-8 cannot express.</exception>
    public static byte[] ToUtf8(string text)
    {
        try
        {
            return strict.GetBytes(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException($"{Quote(text)} has half of a surrogate pair", nameof(text), e);
        }
    }

    /// <summary>The position of the first byte that is not UTF-8; -1 when all are.</summary>
    public static int FirstInvalidUtf8(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes)) return -1;
        var at = 0;
        while (Rune.DecodeFromUtf8(bytes[at..], out _, out var length) == OperationStatus.Done) at += length;
        return at;
    }
}
