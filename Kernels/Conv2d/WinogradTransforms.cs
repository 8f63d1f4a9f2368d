using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The transforms for any number of channels: those that do not fill eight lanes go through a small copy,
/// filled up with zeros.</summary>
internal static unsafe class WinogradTransforms<T> where T : struct, IWinograd
{
    /// <summary>Bᵀ d B; see <see cref="IWinograd.Input"/>. Writes up to the next multiple of eight channels.</summary>
    [SkipLocalsInit]
    public static void Input(float** pixels, int channels, float* to, nint plane)
    {
        var whole = channels & ~7;
        T.Input(pixels, whole, to, plane);
        if (whole == channels) return;
        var rest = stackalloc float[T.Inputs * T.Inputs * 8];
        CopyRest(pixels, T.Inputs * T.Inputs, whole, channels, rest);
        T.Input(pixels, 8, to + whole, plane);
    }

    /// <summary>A dy Aᵀ; see <see cref="IWinograd.OutputGradient"/>. Writes up to the next multiple of eight channels.
    /// </summary>
    [SkipLocalsInit]
    public static void OutputGradient(float** pixels, int channels, float* to, nint plane)
    {
        var whole = channels & ~7;
        T.OutputGradient(pixels, whole, to, plane);
        if (whole == channels) return;
        var rest = stackalloc float[T.Outputs * T.Outputs * 8];
        CopyRest(pixels, T.Outputs * T.Outputs, whole, channels, rest);
        T.OutputGradient(pixels, 8, to + whole, plane);
    }

    /// <summary>Aᵀ m A plus bias and residual; see <see cref="IWinograd.Output"/>. Reads up to the next multiple of
    /// eight channels.</summary>
    [SkipLocalsInit]
    public static void Output(float* from, nint plane, int channels, in WinogradTarget target)
    {
        var whole = channels & ~7;
        T.Output(from, plane, whole, target);
        if (whole == channels) return;
        var rest = stackalloc float[T.Outputs * T.Outputs * 8];
        T.Output(from + whole, plane, 8,
            new WinogradTarget(rest, null, null, T.Outputs * 8, 8, target.Rows, target.Columns));
        for (var i = 0; i < target.Rows; i++)
        {
            for (var j = 0; j < target.Columns; j++)
            {
                var at = i * target.Row + j * target.Pixel;
                for (var c = whole; c < channels; c++)
                {
                    var value = rest[(i * T.Outputs + j) * 8 + c - whole];
                    if (target.Bias is not null) value += target.Bias[c];
                    if (target.Residual is not null) value += target.Residual[at + c];
                    target.Y[at + c] = value;
                }
            }
        }
    }

    // Leaves the pixels' addresses at the copy.
    private static void CopyRest(float** pixels, int count, int whole, int channels, float* rest)
    {
        for (var p = 0; p < count; p++)
        {
            var to = rest + p * 8;
            for (var c = 0; c < 8; c++) to[c] = whole + c < channels ? pixels[p][whole + c] : 0;
            pixels[p] = to;
        }
    }
}
