using System.Globalization;
using System.Text;

namespace Diffract.Engine;

/// <summary>A tensor as text: type, shape, device, and the values, large axes abridged.</summary>
internal static class TensorText
{
    private const int EdgeItems = 3;
    private const int FullUpTo = 1000;

    public static string Of(Tensor tensor)
    {
        if (tensor.IsDisposed) return "Tensor (disposed)";
        var text = new StringBuilder($"Tensor {tensor.Shape} {tensor.DType} {tensor.Device}");
        if (tensor.Device is not CpuDevice) return text.ToString();
        text.Append('\n');
        Append(text, tensor, 0, tensor.Offset, tensor.Count > FullUpTo);
        return text.ToString();
    }

    private static void Append(StringBuilder text, Tensor tensor, int axis, long at, bool abridged)
    {
        if (axis == tensor.Rank)
        {
            text.Append(Element(tensor, at));
            return;
        }
        var length = tensor.Shape[axis];
        text.Append('[');
        for (long i = 0; i < length; i++)
        {
            if (i > 0) text.Append(axis == tensor.Rank - 1 ? ", " : ",\n" + new string(' ', axis + 1));
            if (abridged && length > 2 * EdgeItems && i == EdgeItems)
            {
                text.Append("...");
                i = length - EdgeItems - 1;
                continue;
            }
            Append(text, tensor, axis + 1, at + i * tensor.Strides[axis], abridged);
        }
        text.Append(']');
    }

    private static unsafe string Element(Tensor tensor, long at)
    {
        var p = (byte*)tensor.Storage.Address + at * tensor.DType.Size();
        return tensor.DType switch
        {
            DType.Float32 => Number(*(float*)p),
            DType.Float64 => Number(*(double*)p),
            DType.Float16 => Number((double)*(Half*)p),
            DType.BFloat16 => Number(*(BFloat16*)p),
            DType.Int64 => (*(long*)p).ToString(CultureInfo.InvariantCulture),
            DType.Int32 => (*(int*)p).ToString(CultureInfo.InvariantCulture),
            DType.UInt8 => (*p).ToString(CultureInfo.InvariantCulture),
            _ => *p != 0 ? "true" : "false",
        };
    }

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture) is var plain
        && Math.Abs(value) is 0 or (>= 1e-3 and < 1e6) or double.NaN or double.PositiveInfinity
            ? plain
            : value.ToString("0.####e+0", CultureInfo.InvariantCulture);
}
