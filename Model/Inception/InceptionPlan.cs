namespace Diffract.Model;

/// <summary>The Inception-v3 network (Szegedy et al. 2016) in the form in which FID was published, as its weights were
/// ported to PyTorch: a table of convolutions, under the names of that checkpoint.</summary>
internal static class InceptionPlan
{
    /// <summary>Channels of the features.</summary>
    public const int Features = 2048;

    /// <summary>Classes that its last layer knows.</summary>
    public const int Classes = 1008;

    /// <summary>The convolutions before the blocks; a halving pool follows those that end a part.</summary>
    public static IReadOnlyList<(InceptionStep Step, bool EndsPart)> Stem { get; } =
    [
        (new("Conv2d_1a_3x3", 32, 3, 2), false),
        (new("Conv2d_2a_3x3", 32, 3, HasMargin: false), false),
        (new("Conv2d_2b_3x3", 64, 3), true),
        (new("Conv2d_3b_1x1", 80, 1), false),
        (new("Conv2d_4a_3x3", 192, 3, HasMargin: false), true),
    ];

    /// <summary>The blocks: their branches lie beside each other in the result.</summary>
    public static IReadOnlyList<(string Name, IReadOnlyList<InceptionBranch> Branches)> Blocks { get; } =
    [
        ("Mixed_5b", Square(32)),
        ("Mixed_5c", Square(64)),
        ("Mixed_5d", Square(64)),
        ("Mixed_6a", Halving),
        ("Mixed_6b", Cross(128)),
        ("Mixed_6c", Cross(160)),
        ("Mixed_6d", Cross(160)),
        ("Mixed_6e", Cross(192)),
        ("Mixed_7a", LateHalving),
        ("Mixed_7b", Wide(InceptionPool.Mean)),
        // Here the published network has a maximum where the paper has a mean.
        ("Mixed_7c", Wide(InceptionPool.Maximum)),
    ];

    private static InceptionBranch[] Square(int pooled) =>
    [
        Chain(new InceptionStep("branch1x1", 64, 1)),
        Chain(new("branch5x5_1", 48, 1), new("branch5x5_2", 64, 5)),
        Chain(new("branch3x3dbl_1", 64, 1), new("branch3x3dbl_2", 96, 3), new("branch3x3dbl_3", 96, 3)),
        new(InceptionPool.Mean, [new("branch_pool", pooled, 1)]),
    ];

    private static InceptionBranch[] Halving =>
    [
        Chain(new InceptionStep("branch3x3", 384, 3, 2)),
        Chain(new("branch3x3dbl_1", 64, 1), new("branch3x3dbl_2", 96, 3), new("branch3x3dbl_3", 96, 3, 2)),
        new(InceptionPool.Halving, []),
    ];

    // 7 x 7 as a row and a column.
    private static InceptionBranch[] Cross(int between) =>
    [
        Chain(new InceptionStep("branch1x1", 192, 1)),
        Chain(new("branch7x7_1", between, 1), new("branch7x7_2", between, (1, 7)), new("branch7x7_3", 192, (7, 1))),
        Chain(new("branch7x7dbl_1", between, 1), new("branch7x7dbl_2", between, (7, 1)),
            new("branch7x7dbl_3", between, (1, 7)), new("branch7x7dbl_4", between, (7, 1)),
            new("branch7x7dbl_5", 192, (1, 7))),
        new(InceptionPool.Mean, [new("branch_pool", 192, 1)]),
    ];

    private static InceptionBranch[] LateHalving =>
    [
        Chain(new("branch3x3_1", 192, 1), new("branch3x3_2", 320, 3, 2)),
        Chain(new("branch7x7x3_1", 192, 1), new("branch7x7x3_2", 192, (1, 7)), new("branch7x7x3_3", 192, (7, 1)),
            new("branch7x7x3_4", 192, 3, 2)),
        new(InceptionPool.Halving, []),
    ];

    private static InceptionBranch[] Wide(InceptionPool pool) =>
    [
        Chain(new InceptionStep("branch1x1", 320, 1)),
        new(InceptionPool.None, [new("branch3x3_1", 384, 1), new("branch3x3_2a", 384, (1, 3)),
            new("branch3x3_2b", 384, (3, 1))], Forks: true),
        new(InceptionPool.None, [new("branch3x3dbl_1", 448, 1), new("branch3x3dbl_2", 384, 3),
            new("branch3x3dbl_3a", 384, (1, 3)), new("branch3x3dbl_3b", 384, (3, 1))], Forks: true),
        new(pool, [new("branch_pool", 192, 1)]),
    ];

    private static InceptionBranch Chain(params InceptionStep[] steps) => new(InceptionPool.None, steps);
}
