using System.Globalization;
using System.Text;

namespace Diffract.Engine;

/// <summary>A tensor as text: type, shape, device, and the values in columns, long axes abridged. One way of writing
/// numbers is chosen for the whole tensor, as PyTorch does: whole numbers, four decimals, or powers of ten when the
/// magnitudes lie far apart.</summary>
internal static class TensorText
{
    private const int EdgeItems = 3;
    private const int FullUpTo = 1000;
    private const int LineWidth = 100;

    public static string Of(Tensor tensor)
    {
        if (tensor.IsDisposed) return "Tensor (disposed)";
        var text = new StringBuilder($"Tensor {tensor.Shape} {tensor.DType} {tensor.Device}");
        if (tensor.Device is not CpuDevice) return text.ToString();
        var shown = new List<long>();
        var abridged = tensor.Count > FullUpTo;
        Visit(tensor, 0, tensor.Offset, abridged, shown);
        var words = Words(tensor, shown);
        var width = words.Count == 0 ? 0 : words.Max(w => w.Length);
        var next = 0;
        text.Append('\n');
        Append(text, tensor, 0, abridged, () => words[next++].PadLeft(tensor.Rank == 0 ? 0 : width), width);
        return text.ToString();
    }

    // Positions in the storage of the elements that are shown, in the order in which they are.
    private static void Visit(Tensor tensor, int axis, long at, bool abridged, List<long> shown)
    {
        if (axis == tensor.Rank) shown.Add(at);
        else
            foreach (var i in Indices(tensor.Shape[axis], abridged))
                if (i >= 0) Visit(tensor, axis + 1, at + i * tensor.Steps[axis], abridged, shown);
    }

    // -1 stands for what is left out.
    private static IEnumerable<long> Indices(long length, bool abridged)
    {
        for (long i = 0; i < length; i++)
        {
            if (abridged && length > 2 * EdgeItems && i == EdgeItems)
            {
                yield return -1;
                i = length - EdgeItems;
            }
            yield return i;
        }
    }

    private static void Append(StringBuilder text, Tensor tensor, int axis, bool abridged, Func<string> word, int width)
    {
        if (axis == tensor.Rank)
        {
            text.Append(word());
            return;
        }
        var innermost = axis == tensor.Rank - 1;
        var perLine = Math.Max(1, (LineWidth - axis - 1) / (width + 2));
        var newLine = (innermost ? ",\n" : "," + new string('\n', tensor.Rank - 1 - axis)) + new string(' ', axis + 1);
        text.Append('[');
        var count = 0;
        foreach (var i in Indices(tensor.Shape[axis], abridged))
        {
            if (count > 0) text.Append(innermost && count % perLine != 0 ? ", " : newLine);
            if (i < 0) text.Append("...");
            else Append(text, tensor, axis + 1, abridged, word, width);
            count++;
        }
        text.Append(']');
    }

    private static List<string> Words(Tensor tensor, List<long> shown)
    {
        if (tensor.DType == DType.Bool) return shown.ConvertAll(at => Number(tensor, at) != 0 ? "true" : "false");
        if (tensor.DType == DType.Int64)
            return shown.ConvertAll(at => Long(tensor, at).ToString(CultureInfo.InvariantCulture));
        var values = shown.ConvertAll(at => Number(tensor, at));
        var format = Format(values, tensor.DType.IsFloating());
        return values.ConvertAll(v => v.ToString(format, CultureInfo.InvariantCulture));
    }

    private static string Format(List<double> values, bool floating)
    {
        if (!floating) return "0";
        var finite = values.Where(v => double.IsFinite(v) && v != 0).Select(Math.Abs).DefaultIfEmpty(1).ToList();
        var (least, largest) = (finite.Min(), finite.Max());
        var whole = finite.All(v => v == Math.Truncate(v));
        if (largest >= 1e8 || (!whole && (largest / least > 1000 || least < 1e-4))) return "0.0000e+00";
        return whole ? "0'.'" : "0.0000";
    }

    private static unsafe long Long(Tensor tensor, long at) => ((long*)tensor.Storage.Address)[at];

    private static unsafe double Number(Tensor tensor, long at)
    {
        var p = (byte*)tensor.Storage.Address + at * tensor.DType.Size();
        return tensor.DType switch
        {
            DType.Float32 => *(float*)p,
            DType.Float64 => *(double*)p,
            DType.Float16 => (double)*(Half*)p,
            DType.BFloat16 => *(BFloat16*)p,
            DType.Int32 => *(int*)p,
            _ => *p,
        };
    }
}
