using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Maps that a second pass adds after encoder blocks (DifFeed): h_b += resize(map), bilinear without aligned
/// corners. The sum goes to the next block and to the skip connection.
/// <code>
/// var feedback = new Feedback().Add(17, map21).Add(14, map24);
/// </code></summary>
public sealed class Feedback
{
    private readonly SortedDictionary<int, List<Tensor>> maps = [];

    /// <summary>The encoder blocks that receive something, ascending.</summary>
    public IReadOnlyCollection<int> Blocks => maps.Keys;

    /// <summary>Adds a map after an encoder block; several to one block are summed.</summary>
    /// <param name="block">Number of an encoder block.</param>
    /// <param name="map">[N, H, W, C] with the block's channels; any height and width.</param>
    public Feedback Add(int block, Tensor map)
    {
        if (!maps.TryGetValue(block, out var list)) maps[block] = list = [];
        list.Add(map);
        return this;
    }

    /// <summary>The maps for a block; none for most.</summary>
    internal IReadOnlyList<Tensor> For(int block) => maps.GetValueOrDefault(block) ?? [];

    internal void Check(UNetPlan plan)
    {
        foreach (var (block, list) in maps)
        {
            if (block < 1 || block >= plan.Mid)
                throw new ArgumentException($"feedback goes to encoder blocks, 1 to {plan.Mid - 1}; found {block}");
            foreach (var map in list)
                if (map.Rank != 4 || map.Shape[3] != plan[block].OutChannels)
                    throw new ShapeException($"feedback for block {block} needs {plan[block].OutChannels} channels, "
                        + $"found a map {map.Shape}");
        }
    }
}
