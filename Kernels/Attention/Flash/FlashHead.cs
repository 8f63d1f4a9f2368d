namespace Diffract.Kernels;

/// <summary>Where a block's head lies in memory: the second axis of the grid counts heads, the third one samples.
/// </summary>
internal sealed class FlashHead
{
    private readonly Func<string, PtxValue> sizes;
    private readonly PtxValue head, sample, firstToken;

    /// <summary>Reads the kernel's sizes, its first parameter.</summary>
    public FlashHead(PtxWriter k)
    {
        sizes = k.Struct<FlashSizes>("sizes");
        (head, sample) = (k.BlockY.Seen(PtxNumber.S32), k.BlockZ.Seen(PtxNumber.S32));
        Tokens = sizes("Tokens");
        firstToken = sample.Wide(Tokens);
        InputRow = sizes("Channels").Wide(6).Seen(PtxNumber.U64);
        OutputRow = sizes("Channels").Wide(2).Seen(PtxNumber.U64);
    }

    /// <summary>Tokens of a sample.</summary>
    public PtxValue Tokens { get; }

    /// <summary>Bytes from a token of the input to the next.</summary>
    public PtxValue InputRow { get; }

    /// <summary>Bytes from a token of the output to the next.</summary>
    public PtxValue OutputRow { get; }

    /// <summary>What scores are multiplied by.</summary>
    public PtxValue Scale => sizes("Scale");

    /// <summary>The same for powers of two.</summary>
    public PtxValue Exponent => sizes("Exponent");

    /// <summary>The first token's query, key (part 1) or value (2).</summary>
    public PtxValue Input(PtxValue address, int part) => address + firstToken.Seen(PtxNumber.U64) * InputRow
        + (head * sizes("HeadStep") + sizes("PartStep") * part).Wide(2).Seen(PtxNumber.U64);

    /// <summary>The first token's output.</summary>
    public PtxValue Output(PtxValue address, int width) => address + firstToken.Seen(PtxNumber.U64) * OutputRow
        + head.Wide(2 * width).Seen(PtxNumber.U64);

    /// <summary>The first token's float of a [batch, heads, tokens].</summary>
    public PtxValue Statistics(PtxValue address) =>
        address + (((sample * sizes("Heads") + head).Wide(Tokens)) << 2).Seen(PtxNumber.U64);
}
