using Diffract.Tasks;

namespace Diffract.Tests;

/// <summary>Another data set, of which one sees which images are read.</summary>
internal sealed class Watched(ImageDataset data, Action<int> onLoad) : ImageDataset
{
    public override int Count => data.Count;

    public override IReadOnlyList<string> ClassNames => data.ClassNames;

    public override int Label(int i) => data.Label(i);

    public override string Id(int i) => data.Id(i);

    public override Image Load(int i)
    {
        onLoad(i);
        return data.Load(i);
    }
}
