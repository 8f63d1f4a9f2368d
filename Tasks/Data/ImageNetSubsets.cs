namespace Diffract.Tasks;

/// <summary>Subsets of ImageNet's classes that have a name.</summary>
public static class ImageNetSubsets
{
    // The 50 classes of the comparisons of frozen features, as a public repository lists them.
    private static readonly string[] fifty = ("n01601694 n01669191 n01755581 n01770393 n01855672 n02018207 n02058221 "
        + "n02096177 n02097130 n02099267 n02100877 n02104365 n02106030 n02114855 n02125311 n02133161 n02484975 "
        + "n02489166 n02747177 n02906734 n03124170 n03272010 n03337140 n03483316 n03498962 n03710721 n03717622 "
        + "n03733281 n03759954 n03775071 n03814639 n03837869 n03838899 n03854065 n03954731 n03983396 n04026417 "
        + "n04200800 n04209239 n04311004 n04380533 n04428191 n04443257 n04509417 n04525305 n04554684 n04606251 "
        + "n07583066 n07711569 n07753592").Split(' ');

    private static readonly string[] nette = ("n01440764 n02102040 n02979186 n03000684 n03028079 n03394916 n03417042 "
        + "n03425413 n03445777 n03888257").Split(' ');

    private static readonly string[] woof = ("n02086240 n02087394 n02088364 n02089973 n02093754 n02096294 n02099601 "
        + "n02105641 n02111889 n02115641").Split(' ');

    /// <summary>The names.</summary>
    public static IReadOnlyList<string> Names => ["imagenet50", "imagenette", "imagewoof"];

    /// <summary>The synsets of a subset, sorted; null for an unknown name.</summary>
    public static IReadOnlyList<string>? Find(string name) => name.ToLowerInvariant() switch
    {
        "imagenet50" => fifty,
        "imagenette" => nette,
        "imagewoof" => woof,
        _ => null,
    };
}
