using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Writes the text of dy · y for every query and head. A thread has eight channels; the threads of a head add
/// up.</summary>
internal static class FlashDots
{
    /// <summary>Threads of a block.</summary>
    public const int Threads = 256;

    /// <summary>The text for a type and a width of heads.</summary>
    public static PtxWriter Write(DType type, int width, int architecture)
    {
        var k = new PtxWriter("Dots", Threads, architecture);
        var sizes = k.Struct<FlashSizes>("sizes");
        PtxValue y = k.Parameter<nint>("y"), dy = k.Parameter<nint>("dy"), dots = k.Parameter<nint>("dots");
        var rows = k.Parameter<int>("rows");
        var lanes = width / 8;
        var row = k.BlockX.Seen(PtxNumber.S32) * (Threads / lanes) + (k.Thread / lanes).Seen(PtxNumber.S32);
        var chunk = k.Thread % lanes;
        var exists = row < rows;
        // Rows of the output: (sample, token, head), one after the other.
        var offset = row.Wide(2 * width).Seen(PtxNumber.U64) + chunk.Wide(16);
        var sum = k.Variable(PtxNumber.F32, k.Single(0));
        k.If(exists, () =>
        {
            PtxValue[] left = Load(y + offset), right = Load(dy + offset);
            for (var i = 0; i < left.Length; i++) k.Set(sum, left[i].MultiplyAdd(right[i], sum));
        });
        var all = sum;
        for (var by = 1; by < lanes; by *= 2) all += FlashText.Exchanged(k, all, by);
        k.If(exists & chunk.EqualTo(0), () =>
        {
            var place = row / sizes("Heads");
            var head = row - place * sizes("Heads");
            var sample = place / sizes("Tokens");
            var token = place - sample * sizes("Tokens");
            var at = (sample * sizes("Heads") + head) * sizes("Tokens") + token;
            k.Store("global", dots + at.Wide(4).Seen(PtxNumber.U64), all);
        });
        return k;

        PtxValue[] Load(PtxValue address)
        {
            var words = k.Variables(PtxNumber.B32, 4);
            k.Emit($"ld.global.v4.b32 {FlashText.List(words)}, [{address}];");
            return [.. words.SelectMany(Halves)];
        }

        PtxValue[] Halves(PtxValue word)
        {
            var halves = k.Variables(PtxNumber.B16, 2);
            k.Emit($"mov.b32 {FlashText.List(halves)}, {word};");
            return [.. halves.Select(h => PtxHalf.Widened(k, type, h))];
        }
    }
}
