using System.Text.RegularExpressions;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>The tensors of a fixture. They belong to the scope that is open when they are read.</summary>
internal sealed partial class FixtureData
{
    private FixtureData(string name, OrderedDictionary<string, Tensor> tensors) => (Name, Tensors) = (name, tensors);

    public string Name { get; }

    /// <summary>The tensors as stored, in the file's order.</summary>
    public OrderedDictionary<string, Tensor> Tensors { get; }

    public Tensor this[string name] => Tensors.TryGetValue(name, out var tensor)
        ? tensor
        : throw new VerifyException($"the fixture {Name} has no tensor {name}");

    /// <summary>Reads a fixture: joins the parts of big files, holds the tensors to the manifest's types and shapes,
    /// and each twin in another format to the first.</summary>
    public static FixtureData Read(GoldenFolder folder, Fixture fixture)
    {
        if (fixture.Fault is not null) throw new VerifyException(fixture.Fault);
        if (fixture.Files.Count == 0) throw new VerifyException("the manifest lists no files");
        var twins = fixture.Files.GroupBy(Whole).Select(parts => (File: parts.Key, Tensors: Join(folder, [.. parts])))
            .OrderBy(twin => twin.File.EndsWith(".safetensors", StringComparison.Ordinal) ? 0 : 1).ToArray();
        var data = new FixtureData(fixture.Name, twins[0].Tensors);
        data.CheckManifest(fixture);
        foreach (var twin in twins.Skip(1)) data.CheckTwin(twins[0].File, twin.File, twin.Tensors);
        return data;
    }

    /// <summary>All tensors of one file.</summary>
    public static OrderedDictionary<string, Tensor> ReadFile(string path)
    {
        var tensors = new OrderedDictionary<string, Tensor>(StringComparer.Ordinal);
        using var file = TensorFile.Open(path);
        foreach (var name in file.Keys) tensors.Add(name, file.Take(name));
        return tensors;
    }

    /// <summary>True when both hold the same elements of the same type, bit by bit.</summary>
    public static bool SameBits(Tensor one, Tensor other) => one.DType == other.DType && one.Shape == other.Shape
        && (one.DType.IsFloating()
            ? Bits(one).AsSpan().SequenceEqual(Bits(other))
            : Elements.Integers(one).AsSpan().SequenceEqual(Elements.Integers(other)));

    private static long[] Bits(Tensor tensor) => tensor.DType switch
    {
        DType.Float32 => Array.ConvertAll(tensor.ToArray<float>(), v => (long)BitConverter.SingleToInt32Bits(v)),
        DType.Float64 => Array.ConvertAll(tensor.ToArray<double>(), BitConverter.DoubleToInt64Bits),
        DType.Float16 => Array.ConvertAll(tensor.ToArray<Half>(), v => (long)BitConverter.HalfToInt16Bits(v)),
        _ => Array.ConvertAll(tensor.ToArray<BFloat16>(), v => (long)v.Bits),
    };

    private static OrderedDictionary<string, Tensor> Join(GoldenFolder folder, string[] parts)
    {
        var numbers = parts.Select(PartNumber).OfType<(int Number, int Of)>().ToArray();
        foreach (var (_, of) in numbers)
            if (of != parts.Length || numbers.Select(p => p.Number).Distinct().Count() != of)
                throw new VerifyException($"the manifest lists {parts.Length} of the {of} parts of {Whole(parts[0])}");
        var joined = new OrderedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var part in parts.OrderBy(p => PartNumber(p)?.Number ?? 0))
            foreach (var (name, tensor) in ReadFile(folder.FullPath(part)))
                if (!joined.TryAdd(name, tensor))
                    throw new VerifyException($"two parts of {Whole(part)} have the tensor {name}");
        return joined;
    }

    private void CheckManifest(Fixture fixture)
    {
        foreach (var (name, spec) in fixture.Tensors)
        {
            var tensor = this[name];
            if (spec.DType is { } dtype && dtype != tensor.DType)
                throw new VerifyException($"{name}: the manifest says {dtype}, the file {tensor.DType}");
            if (spec.Shape is { } shape && shape != tensor.Shape)
                throw new VerifyException($"{name}: the manifest says {shape}, the file {tensor.Shape}");
        }
    }

    private void CheckTwin(string file, string twinFile, OrderedDictionary<string, Tensor> twin)
    {
        foreach (var (name, tensor) in Tensors)
        {
            if (!twin.TryGetValue(name, out var other))
                throw new VerifyException($"{twinFile} lacks the tensor {name}, which {file} has");
            if (!SameBits(tensor, other))
                throw new VerifyException($"{name}: {twinFile} has another content ({other.DType} {other.Shape}) than "
                    + $"{file} ({tensor.DType} {tensor.Shape})");
        }
        if (twin.Keys.FirstOrDefault(name => !Tensors.ContainsKey(name)) is { } more)
            throw new VerifyException($"{twinFile} has the tensor {more}, which {file} lacks");
    }

    /// <summary>The file that a part belongs to: its name without "part1of2".</summary>
    private static string Whole(string file) => PartSuffix().Replace(file, "");

    private static (int Number, int Of)? PartNumber(string file) => PartSuffix().Match(file) is { Success: true } match
        ? (int.Parse(match.Groups[1].ValueSpan), int.Parse(match.Groups[2].ValueSpan))
        : null;

    [GeneratedRegex(@"\.part(\d{1,4})of(\d{1,4})(?=\.|$)")]
    private static partial Regex PartSuffix();
}
