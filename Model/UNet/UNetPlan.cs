using System.Globalization;
using System.Text;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>A network laid out block by block for one input size: numbers, channels, sizes, heads, skip connections,
/// parameters and cost, all calculated from the configuration. The network is built from it and its forward walks it.
/// </summary>
public sealed class UNetPlan
{
    internal UNetPlan(TrunkConfig config, MapSize input, IReadOnlyList<BlockPlan> blocks)
    {
        (Config, Input, Blocks) = (config, input, blocks);
        Mid = blocks.First(b => b.Kind == BlockKind.Mid).Number;
        Consumers = new int[blocks.Count + 1];
        foreach (var block in blocks) if (block.SkipFrom is { } from) Consumers[from] = block.Number;
    }

    /// <summary>The configuration it was calculated from.</summary>
    public TrunkConfig Config { get; }

    /// <summary>Size of the input images.</summary>
    public MapSize Input { get; }

    /// <summary>The blocks in execution order; block b is at index b-1, or <c>plan[b]</c>.</summary>
    public IReadOnlyList<BlockPlan> Blocks { get; }

    /// <summary>Number of the middle block, one more than there are encoder blocks.</summary>
    public int Mid { get; }

    /// <summary>Number of the last block.</summary>
    public int Last => Blocks.Count;

    /// <summary>Length of the time embedding.</summary>
    public int EmbeddingChannels => 4 * Config.ModelChannels;

    /// <summary>Parameters of the time and label embeddings.</summary>
    public long EmbeddingParameters => EmbeddingMacs + 2L * EmbeddingChannels
        + (Config.Classes is { } classes ? (long)classes * EmbeddingChannels : 0);

    /// <summary>Cost of the time embedding.</summary>
    public long EmbeddingMacs => (long)EmbeddingChannels * (Config.ModelChannels + EmbeddingChannels);

    /// <summary>What comes after the last block.</summary>
    public HeadPlan Head => HeadPlan.Of(this);

    /// <summary>Parameters of the whole network.</summary>
    public long Parameters => EmbeddingParameters + Blocks.Sum(b => b.Parameters) + Head.Parameters;

    /// <summary>Multiply-accumulates of a whole forward for one image.</summary>
    public long Macs => EmbeddingMacs + Blocks.Sum(b => b.Macs) + Head.Macs;

    /// <summary>A block by its number, counted from 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public BlockPlan this[int number] => number >= 1 && number <= Last
        ? Blocks[number - 1]
        : throw new ArgumentOutOfRangeException(nameof(number), number, $"the network has blocks 1 to {Last}");

    internal int[] Consumers { get; }

    /// <summary>Lays out a network.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="input">Size of the images; the configuration's own when left out.</param>
    /// <exception cref="ArgumentException">The configuration cannot be built.</exception>
    /// <exception cref="ShapeException">The size is not a multiple of the network's factor.</exception>
    public static UNetPlan For(TrunkConfig config, MapSize? input = null)
    {
        config.Validate();
        var size = input ?? new MapSize(config.ImageSize, config.ImageSize);
        if (size.Height <= 0 || size.Width <= 0 || size.Height % config.Factor != 0 || size.Width % config.Factor != 0)
            throw new ShapeException($"this network halves its input {config.ChannelMult.Count - 1} times: height and "
                + $"width must be multiples of {config.Factor}, found {size.Height} x {size.Width}");
        return new PlanBuilder(config, size).Build();
    }

    /// <summary>The same network for images of another size.</summary>
    /// <inheritdoc cref="For"/>
    public UNetPlan At(MapSize input) => input == Input ? this : For(Config, input);

    /// <summary>Cost of a forward that stops after block <paramref name="number"/>, for one image; 0 for
    /// none.</summary>
    public long MacsUpTo(int number) => number == 0
        ? 0
        : EmbeddingMacs + Blocks.Take(this[number].Number).Sum(b => b.Macs);

    /// <summary>The plan as a table.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("  b  module            content           in            out           skip  heads"
            + "    parameters      GMAC  cumulative\n");
        long sum = EmbeddingMacs;
        foreach (var b in Blocks)
        {
            sum += b.Macs;
            text.Append(CultureInfo.InvariantCulture, $"{b.Number,3}  {b.Module,-16}  {b.Content,-16}  "
                + $"{$"{b.InChannels}@{b.In}",-12}  {$"{b.OutChannels}@{b.Out}",-12}  {b.SkipFrom,4}  "
                + $"{(b.Heads == 0 ? "" : b.Heads),5}  {b.Parameters,12:N0}  {b.Macs / 1e9,8:F3}  {sum / 1e9,10:F3}\n");
        }
        return text.Append(CultureInfo.InvariantCulture, $"{Parameters:N0} parameters, {Macs:N0} multiply-accumulates")
            .ToString();
    }
}
