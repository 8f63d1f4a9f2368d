using Diffract.Tasks;

namespace Diffract.Tests.Tasks;

/// <summary>Pictures whose every byte tells which one it is; some may be broken.</summary>
internal sealed class FakeDataset(int count, int classes = 2, int side = 8, params int[] broken) : ImageDataset
{
    private int loads;

    /// <summary>Pictures that were asked for so far.</summary>
    public int Loads => Volatile.Read(ref loads);

    public override int Count => count;

    public override IReadOnlyList<string> ClassNames { get; } =
        [.. Enumerable.Range(0, classes).Select(label => $"class {label}")];

    public override int Label(int index) => index % classes;

    public override string Id(int index) => $"picture-{index}";

    public override Image Load(int index)
    {
        Interlocked.Increment(ref loads);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, count);
        if (broken.Contains(index)) throw new ImageException(Id(index), "it is broken");
        var image = new Image(side, side);
        Array.Fill(image.Pixels, (byte)index);
        return image;
    }
}
