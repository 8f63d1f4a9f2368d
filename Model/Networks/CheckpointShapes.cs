using System.Globalization;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>The names and shapes of a checkpoint, read as blocks.</summary>
internal sealed class CheckpointShapes
{
    private readonly IReadOnlyDictionary<string, Shape> shapes;
    private readonly HashSet<string> prefixes = [];

    public CheckpointShapes(IReadOnlyDictionary<string, Shape> shapes)
    {
        this.shapes = shapes;
        foreach (var name in shapes.Keys)
            for (var dot = name.IndexOf('.', StringComparison.Ordinal); dot >= 0;
                dot = name.IndexOf('.', dot + 1)) prefixes.Add(name[..dot]);
        Encoder = Blocks("input_blocks");
        Decoder = Blocks("output_blocks");
    }

    /// <summary>The blocks of <c>input_blocks</c>, the first convolution included.</summary>
    public IReadOnlyList<CheckpointBlock> Encoder { get; }

    /// <summary>The blocks of <c>output_blocks</c>; none for a classifier.</summary>
    public IReadOnlyList<CheckpointBlock> Decoder { get; }

    public bool Has(string name) => shapes.ContainsKey(name);

    public Shape? Find(string name) => shapes.TryGetValue(name, out var shape) ? shape : null;

    /// <summary>A length of a tensor that every network has.</summary>
    public int Length(string name, int axis) => Find(name) is { } shape && axis < shape.Rank
        ? shape.Int(axis)
        : throw new NetworkDetectionException($"the checkpoint is no diffusion U-Net and no classifier of this family: "
            + (Find(name) is { } odd ? $"{name} is {odd}" : $"it has no {name}"));

    private List<CheckpointBlock> Blocks(string group)
    {
        var count = prefixes.Where(p => p.StartsWith(group + ".", StringComparison.Ordinal))
            .Select(p => Number(p[(group.Length + 1)..]) + 1).DefaultIfEmpty(0).Max();
        return [.. Enumerable.Range(0, count).Select(i => Block($"{group}.{i}"))];
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    private CheckpointBlock Block(string name)
    {
        if (!prefixes.Contains(name)) return new(true, false, 0, 0, false, false, false);
        var layers = Enumerable.Range(0, 3).TakeWhile(i => prefixes.Contains($"{name}.{i}")).Count();
        var conv = Find($"{name}.0.in_layers.2.weight") ?? Find($"{name}.0.op.weight") ?? Find($"{name}.0.weight");
        var last = $"{name}.{layers - 1}";
        return new(false,
            Has($"{name}.0.in_layers.2.weight"),
            conv is { Rank: 4 } input ? input.Int(1) : 0,
            conv is { Rank: 4 } output ? output.Int(0) : 0,
            Has($"{name}.1.qkv.weight"),
            layers > 1 && Has($"{last}.in_layers.2.weight"),
            layers > 1 && Has($"{last}.conv.weight"));
    }
}
