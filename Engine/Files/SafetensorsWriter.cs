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
        var header = Header(ordered, metadata);
        Span<byte> length = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var (_, tensor) in ordered) TensorBytes.Write(tensor, stream.Write);
    }

    private static ReadOnlySpan<byte> Header(
        List<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string> metadata)
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
            foreach (var (name, tensor) in tensors)
            {
                if (name == "__metadata__") throw new ArgumentException("no tensor can be called __metadata__");
                var bytes = tensor.Count * tensor.DType.Size();
                json.WriteStartObject(name);
                json.WriteString("dtype", SafetensorsNames.Of(tensor.DType));
                WriteNumbers(json, "shape", tensor.Shape.ToArray());
                WriteNumbers(json, "data_offsets", at, at + bytes);
                json.WriteEndObject();
                at += bytes;
            }
            json.WriteEndObject();
        }
        var padding = (Alignment - header.WrittenCount % Alignment) % Alignment;
        header.GetSpan(Alignment)[..padding].Fill((byte)' ');
        header.Advance(padding);
        return header.WrittenCount <= SafetensorsReader.MaxHeader
            ? header.WrittenSpan
            : throw new ArgumentException($"{tensors.Count} tensors need a header of {header.WrittenCount} bytes; the "
                + $"format allows {SafetensorsReader.MaxHeader}");
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, params ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
