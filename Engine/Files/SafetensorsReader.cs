using System.Buffers.Binary;
using System.Text.Json;

namespace Diffract.Engine;

/// <summary>Reads the header of a safetensors file and holds it to every rule of the format: a JSON object of at most
/// 100 MB right after its length, no name twice, nothing but <c>dtype</c>, <c>shape</c> and <c>data_offsets</c>, and
/// tensors that cover the rest of the file exactly, without holes or overlap.</summary>
/// <remarks>Source: the format's description at huggingface.co/docs/safetensors. The header is read in place; what is
/// made of it is a small multiple of its own size.</remarks>
internal sealed class SafetensorsReader
{
    /// <summary>The longest header the format allows, in bytes.</summary>
    public const long MaxHeader = 100_000_000;

    private const int HeaderAt = sizeof(long);
    private const int Depth = 3;    // the object, a tensor in it, a list in that

    private readonly FileBytes file;
    private readonly FileSection data;
    private readonly Dictionary<string, string> metadata = [];
    private readonly OrderedDictionary<string, TensorInfo> tensors;
    private readonly long[] lengths = new long[Shape.MaxRank];

    private SafetensorsReader(FileBytes file, long headerLength, int names)
    {
        this.file = file;
        data = new FileSection(HeaderAt + headerLength, file.Length - HeaderAt - headerLength);
        tensors = new OrderedDictionary<string, TensorInfo>(names, StringComparer.Ordinal);
    }

    /// <summary>True when a file starts as this format does: a length, then a brace.</summary>
    public static bool Recognises(FileBytes file) =>
        file.Length > HeaderAt && file.Slice(HeaderAt, 1, "the header")[0] == '{';

    public static FileContent Read(FileBytes file)
    {
        var length = BinaryPrimitives.ReadUInt64LittleEndian(file.Slice(0, HeaderAt, "the length of the header"));
        if (length > MaxHeader)
            throw file.Error(0, $"a header of {length} bytes is longer than the format allows ({MaxHeader})");
        var header = file.Slice(HeaderAt, (long)length, "the header");
        if (header.IsEmpty || header[0] != '{') throw file.Error(HeaderAt, "the header is not a JSON object");
        if (FileText.FirstInvalidUtf8(header) is >= 0 and var at)
            throw file.Error(HeaderAt + at, "the header is not valid UTF-8");
        var reader = new SafetensorsReader(file, header.Length, CountNames(file, header));
        reader.ReadHeader(header);
        reader.CheckCover();
        return new FileContent(TensorFileFormat.Safetensors, reader.tensors, reader.metadata);
    }

    // A first pass finds every fault of the JSON itself, and how many tensors to make room for.
    private static int CountNames(FileBytes file, ReadOnlySpan<byte> header)
    {
        var json = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = Depth });
        var names = 0;
        try
        {
            while (json.Read()) if (json is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 }) names++;
        }
        catch (JsonException e)
        {
            throw file.Error(HeaderAt + json.BytesConsumed, "the header is not valid JSON", e);
        }
        return names;
    }

    private void ReadHeader(ReadOnlySpan<byte> header)
    {
        var json = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = Depth });
        var hasMetadata = false;
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var nameAt = json.TokenStartIndex;
            var name = Text(ref json);
            json.Read();
            if (json.TokenType != JsonTokenType.StartObject)
                throw Error(ref json, $"{FileText.Quote(name)} is not described by a JSON object");
            if (name == "__metadata__")
            {
                if (hasMetadata) throw file.Error(HeaderAt + nameAt, "__metadata__ appears twice");
                hasMetadata = true;
                ReadMetadata(ref json);
            }
            else if (!tensors.TryAdd(name, ReadTensor(ref json, name)))
            {
                throw file.Error(HeaderAt + nameAt, $"the tensor {FileText.Quote(name)} appears twice");
            }
        }
    }

    private void ReadMetadata(ref Utf8JsonReader json)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var key = Text(ref json);
            json.Read();
            if (json.TokenType != JsonTokenType.String)
                throw Error(ref json, $"__metadata__ {FileText.Quote(key)} is not a text");
            if (!metadata.TryAdd(key, Text(ref json)))
                throw Error(ref json, $"__metadata__ {FileText.Quote(key)} appears twice");
        }
    }

    private TensorInfo ReadTensor(ref Utf8JsonReader json, string name)
    {
        DType? dtype = null;
        Shape? shape = null;
        (long Begin, long End)? place = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var twice = false;
            if (json.ValueTextEquals("dtype"u8)) (twice, dtype) = (dtype is not null, ReadDType(ref json, name));
            else if (json.ValueTextEquals("shape"u8)) (twice, shape) = (shape is not null, ReadShape(ref json, name));
            else if (json.ValueTextEquals("data_offsets"u8))
                (twice, place) = (place is not null, ReadPlace(ref json, name));
            else throw Error(ref json, $"the tensor {FileText.Quote(name)} has the unknown property "
                + FileText.Quote(Text(ref json)));
            if (twice) throw Error(ref json, $"the tensor {FileText.Quote(name)} has a property twice");
        }
        if (dtype is not { } type || shape is not { } lengths || place is not { } found)
            throw Error(ref json, $"the tensor {FileText.Quote(name)} lacks dtype, shape or data_offsets");
        if ((UInt128)(ulong)lengths.Count * (ulong)type.Size() != (ulong)(found.End - found.Begin))
            throw Error(ref json, $"the tensor {FileText.Quote(name)}, {type} {lengths}, does not fit its "
                + $"{found.End - found.Begin} bytes");
        return new TensorInfo(name, type, lengths, data, found.Begin);
    }

    private DType ReadDType(ref Utf8JsonReader json, string name)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.String)
            throw Error(ref json, $"the dtype of {FileText.Quote(name)} is not a text");
        foreach (var dtype in SafetensorsNames.All) if (json.ValueTextEquals(SafetensorsNames.Of(dtype))) return dtype;
        throw Error(ref json, $"the tensor {FileText.Quote(name)} has the dtype {FileText.Quote(Text(ref json))}; "
            + "known are " + string.Join(", ", SafetensorsNames.All.Select(SafetensorsNames.Of)));
    }

    private Shape ReadShape(ref Utf8JsonReader json, string name)
    {
        var rank = ReadNumbers(ref json, lengths, "shape", name);
        try
        {
            return Shape.Of(lengths.AsSpan(0, rank));
        }
        catch (ShapeException e)
        {
            throw Error(ref json, $"the tensor {FileText.Quote(name)}: {e.Message}", e);
        }
    }

    private (long Begin, long End) ReadPlace(ref Utf8JsonReader json, string name)
    {
        Span<long> ends = stackalloc long[2];
        if (ReadNumbers(ref json, ends, "data_offsets", name) != 2 || ends[0] > ends[1])
            throw Error(ref json, $"the data_offsets of {FileText.Quote(name)} are not a begin and an end after it");
        return (ends[0], ends[1]);
    }

    private int ReadNumbers(ref Utf8JsonReader json, scoped Span<long> numbers, string what, string name)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartArray)
            throw Error(ref json, $"the {what} of {FileText.Quote(name)} is not a list");
        var count = 0;
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (count == numbers.Length)
                throw Error(ref json, $"the {what} of {FileText.Quote(name)} has more than {numbers.Length} numbers");
            if (json.TokenType != JsonTokenType.Number || !json.TryGetInt64(out numbers[count]) || numbers[count] < 0)
                throw Error(ref json, $"the {what} of {FileText.Quote(name)} is not of whole numbers from 0 up");
            count++;
        }
        return count;
    }

    private void CheckCover()
    {
        IEnumerable<TensorInfo> order = tensors.Values;
        if (!IsInOrder()) order = order.OrderBy(tensor => tensor.SectionOffset).ThenBy(tensor => tensor.Bytes);
        long covered = 0;
        foreach (var tensor in order)
        {
            if (tensor.SectionOffset != covered)
                throw file.Error(data.At + Math.Min(covered, tensor.SectionOffset), $"the tensor "
                    + $"{FileText.Quote(tensor.Name)} begins at {tensor.SectionOffset} of the data, where "
                    + (tensor.SectionOffset < covered ? "another tensor is" : $"{covered} was due: a hole"));
            covered += tensor.Bytes;
        }
        if (covered > data.Bytes)
            throw file.Error(file.Length, "the file is cut off: it should have "
                + $"{(ulong)data.At + (ulong)covered} bytes, and has {file.Length}");
        if (covered != data.Bytes)
            throw file.Error(data.At + covered, $"{data.Bytes - covered} bytes after the last tensor belong to none");
    }

    private bool IsInOrder()
    {
        (long Offset, long Bytes) last = default;
        foreach (var tensor in tensors.Values)
        {
            var next = (tensor.SectionOffset, tensor.Bytes);
            if (next.CompareTo(last) < 0) return false;
            last = next;
        }
        return true;
    }

    private string Text(ref Utf8JsonReader json)
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw Error(ref json, "a text has half of a surrogate pair", e);
        }
    }

    private FileFormatException Error(ref Utf8JsonReader json, string problem, Exception? inner = null) =>
        file.Error(HeaderAt + json.TokenStartIndex, problem, inner);
}
