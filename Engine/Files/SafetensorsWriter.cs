using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Diffract.Engine;

/// <summary>Writes a safetensors file: the widest element types first, so that every tensor is aligned to its element,
/// and the given order among equals.</summary>
internal static class SafetensorsWriter
{
    private const int Alignment = 8;

    public static void Write(
        Stream stream,
        IReadOnlyList<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string> metadata)
    {
        var ordered = tensors.OrderByDescending(tensor => tensor.Value.DType.Size()).ToList();
        var header = Header([.. ordered.Select(t => (t.Key, t.Value.DType, t.Value.Shape))], metadata);
        if (header.Length > SafetensorsReader.MaxHeader)
            throw new ArgumentException($"{tensors.Count} tensors need a header of {header.Length} bytes; the format "
                + $"allows {SafetensorsReader.MaxHeader}");
        Span<byte> length = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var (_, tensor) in ordered) TensorBytes.Write(tensor, stream.Write);
    }

    /// <summary>Bytes of the header of a file.</summary>
    public static long HeaderBytes(IEnumerable<(string Name, DType DType, Shape Shape)> tensors,
        IReadOnlyDictionary<string, string> metadata) =>
        Header([.. tensors.OrderByDescending(tensor => tensor.DType.Size())], metadata).Length;

    private static ReadOnlySpan<byte> Header(
        List<(string Name, DType DType, Shape Shape)> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var header = new ArrayBufferWriter<byte>();
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(header, options))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata) json.WriteString(key, value);
                json.WriteEndObject();
            }
            long at = 0;
            foreach (var (name, dtype, shape) in tensors)
            {
                if (name == "__metadata__") throw new ArgumentException("no tensor can be called __metadata__");
                var bytes = shape.Count * dtype.Size();
                json.WriteStartObject(name);
                json.WriteString("dtype", SafetensorsNames.Of(dtype));
                WriteNumbers(json, "shape", shape.ToArray());
                WriteNumbers(json, "data_offsets", at, at + bytes);
                json.WriteEndObject();
                at += bytes;
            }
            json.WriteEndObject();
        }
        var padding = (Alignment - header.WrittenCount % Alignment) % Alignment;
        header.GetSpan(Alignment)[..padding].Fill((byte)' ');
        header.Advance(padding);
        return header.WrittenSpan;
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, params ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
