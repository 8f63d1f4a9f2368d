using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Images to train on, and images that choose the learning rate and the best epoch.</summary>
/// <param name="Train">Positions of the first.</param>
/// <param name="Validation">Positions of the second; none where the last epoch is to be kept.</param>
public sealed record HoldOut(IReadOnlyList<int> Train, IReadOnlyList<int> Validation)
{
    /// <summary>Divides the images whose labels may be used, class by class.</summary>
    /// <param name="source">Labelled images.</param>
    /// <param name="items">Those whose labels may be used.</param>
    /// <param name="share">Share of each class that is held out: at least one image, and never all; 0 for none.</param>
    /// <param name="seed">Of the choice.</param>
    /// <exception cref="DiffractException">There are no labels, or a class is too small.</exception>
    public static HoldOut Of(IFeatureSource source, IReadOnlyList<int> items, double share, ulong seed)
    {
        if (source.Classes.Count < 2)
            throw new DiffractException(source.Classes.Count == 0
                ? "training a head needs labels: put the images of each class in a folder of its own"
                : $"training a head needs at least two classes; the data have one ('{source.Classes[0]}')");
        if (share == 0) return new HoldOut(items, []);
        var generator = new Generator(seed).Split(2);
        var held = new HashSet<int>();
        var byClass = items.ToLookup(source.Label);
        for (var label = 0; label < source.Classes.Count; label++)
        {
            var members = byClass[label].ToArray();
            if (members.Length < 2)
                throw new DiffractException($"class '{source.Classes[label]}' has {members.Length} images; at least 2 "
                    + "are needed, one of them to validate (--validation 0 with --lr holds none out)");
            var count = Math.Clamp((int)Math.Round(share * members.Length), 1, members.Length - 1);
            foreach (var i in generator.Split((ulong)label).Permutation(members.Length).Take(count))
                held.Add(members[i]);
        }
        return new HoldOut([.. items.Where(i => !held.Contains(i))], [.. items.Where(held.Contains)]);
    }
}
