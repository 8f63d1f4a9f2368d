using System.Globalization;

namespace Diffract.Model;

/// <summary>Which steps of a long diffusion to take when there is time for a few only.</summary>
public static class Respacing
{
    private const string Ddim = "ddim";

    /// <summary>Reads guided-diffusion's notation.</summary>
    /// <param name="respacing">
    /// Empty: all steps. "a,b,c": the process is cut into equal sections (the first ones are longer by one where it
    /// does not divide), of which a, b, c steps are taken, evenly from the first to the last of each. "ddimN": every
    /// i-th step, i the smallest that gives exactly N (Song et al. 2021, "Denoising diffusion implicit models").
    /// </param>
    /// <param name="steps">Length of the process.</param>
    /// <returns>The steps to take, ascending.</returns>
    /// <exception cref="ArgumentException">The text is none of these, or asks for more steps than there are.
    /// </exception>
    public static int[] Parse(string respacing, int steps)
    {
        var text = respacing.Trim();
        if (text.Length == 0) return [.. Enumerable.Range(0, steps)];
        return text.StartsWith(Ddim, StringComparison.Ordinal)
            ? EveryNth(Count(text[Ddim.Length..], respacing), steps)
            : Sections([.. text.Split(',').Select(part => Count(part, respacing))], steps);
    }

    private static int[] EveryNth(int wanted, int steps)
    {
        for (var stride = 1; stride <= steps; stride++)
            if ((steps + stride - 1) / stride == wanted)
                return [.. Enumerable.Range(0, wanted).Select(i => i * stride)];
        throw new ArgumentException($"no stride takes exactly {wanted} of {steps} steps");
    }

    private static int[] Sections(int[] counts, int steps)
    {
        var taken = new List<int>();
        var start = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            var size = steps / counts.Length + (i < steps % counts.Length ? 1 : 0);
            if (size < counts[i])
                throw new ArgumentException((counts.Length == 1 ? "the process" : $"section {i + 1}")
                    + $" has {size} steps, {counts[i]} cannot be taken of it");
            var stride = counts[i] <= 1 ? 1 : (size - 1.0) / (counts[i] - 1);
            // The position is a running sum, not a product: its rounding decides which way a half goes.
            double position = 0;
            for (var k = 0; k < counts[i]; k++, position += stride)
                taken.Add(start + (int)Math.Round(position, MidpointRounding.ToEven));
            start += size;
        }
        return [.. taken];
    }

    internal static int Count(string text, string whole) =>
        int.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
            CultureInfo.InvariantCulture, out var count) && count > 0
            ? count
            : throw new ArgumentException($"'{whole}' is no respacing: use \"\", \"250\", \"10,15,20\", \"ddim25\" or "
                + "\"logsnr20\"");
}
