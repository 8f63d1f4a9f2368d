namespace Diffract.Peers;

/// <summary>A layer of a block.</summary>
/// <param name="Kind"><c>c</c> convolution, <c>r</c> residual block, <c>a</c> attention.</param>
/// <param name="In">Channels in.</param>
/// <param name="Out">Channels out.</param>
/// <param name="Resample">-1 halves, 1 doubles, 0 keeps the size.</param>
internal sealed record PlanLayer(char Kind, long In, long Out, int Resample = 0);

/// <summary>A numbered block.</summary>
/// <param name="Name">Prefix of its parameters.</param>
/// <param name="Skip">Takes the last encoder output that nobody has taken.</param>
/// <param name="Layers">What it does.</param>
internal sealed record PlanBlock(string Name, bool Skip, IReadOnlyList<PlanLayer> Layers);

/// <summary>A diffusion U-Net's configuration, and its blocks in the order of execution; see <c>plan.py</c>.</summary>
internal sealed class Plan
{
    private readonly List<PlanBlock> blocks = [];
    private readonly long width;
    private readonly int[] attention;
    private long channels;
    private int factor = 1;

    public Plan(long width, int[] mult, int perLevel, int[] attention, long headChannels, bool newOrder = false)
    {
        (this.width, this.attention, HeadChannels, NewOrder) = (width, attention, headChannels, newOrder);
        channels = width * mult[0];
        var skips = new Stack<long>([channels]);
        Encode([new('c', 3, channels)]);
        for (var level = 0; level < mult.Length; level++)
        {
            for (var i = 0; i < perLevel; i++)
            {
                Encode(Residual(channels, width * mult[level]));
                skips.Push(channels);
            }
            if (level + 1 == mult.Length) break;
            factor *= 2;
            skips.Push(channels);
            Encode([new('r', channels, channels, -1)]);
        }
        var same = new PlanLayer('r', channels, channels);
        blocks.Add(new("middle_block", false, [same, new('a', channels, channels), same]));
        var count = 0;
        for (var level = mult.Length - 1; level >= 0; level--)
            for (var i = 0; i <= perLevel; i++)
            {
                var layers = Residual(channels + skips.Pop(), width * mult[level]);
                if (level > 0 && i == perLevel)
                {
                    factor /= 2;
                    layers.Add(new('r', channels, channels, 1));
                }
                blocks.Add(new($"output_blocks.{count++}", true, layers));
            }
    }

    /// <summary>The 256-pixel network of 553 million parameters.</summary>
    public static Plan Adm256 => new(256, [1, 1, 2, 2, 4, 4], 2, [8, 16, 32], 64);

    /// <summary>64 channels, 64 pixels.</summary>
    public static Plan Small64 => new(64, [1, 2, 3, 4], 3, [2, 4, 8], 64, newOrder: true);

    /// <summary>64 channels, 32 pixels.</summary>
    public static Plan Small32 => new(64, [1, 2, 2, 2], 2, [2, 4], 32);

    /// <summary>The blocks; block b is at b - 1.</summary>
    public IReadOnlyList<PlanBlock> Blocks => blocks;

    /// <summary>Channels of the first level.</summary>
    public long Width => width;

    /// <summary>Length of the time embedding.</summary>
    public long Embedding => 4 * width;

    /// <summary>Channels of an attention head.</summary>
    public long HeadChannels { get; }

    /// <summary>All queries, all keys, all values; otherwise head by head.</summary>
    public bool NewOrder { get; }

    private void Encode(IReadOnlyList<PlanLayer> layers) =>
        blocks.Add(new($"input_blocks.{blocks.Count}", false, layers));

    private List<PlanLayer> Residual(long from, long to)
    {
        channels = to;
        List<PlanLayer> layers = [new('r', from, to)];
        if (attention.Contains(factor)) layers.Add(new('a', to, to));
        return layers;
    }
}
