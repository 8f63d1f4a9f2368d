using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Move;

/// <summary>Views share memory, copies do not, and wrong arguments are explained.</summary>
public sealed class ViewTests
{
    private static IEnumerable<TestCaseData> Shares() =>
    [
        new TestCaseData((Func<Tensor, Tensor>)(x => x.Reshape(4, 6))).SetArgDisplayNames("reshape"),
        new TestCaseData((Func<Tensor, Tensor>)(x => x.Permute(2, 0, 1))).SetArgDisplayNames("permute"),
        new TestCaseData((Func<Tensor, Tensor>)(x => x.Slice(1, 1, 2))).SetArgDisplayNames("slice"),
        new TestCaseData((Func<Tensor, Tensor>)(x => x.Select(0, 1))).SetArgDisplayNames("select"),
        new TestCaseData((Func<Tensor, Tensor>)(x => x.Unsqueeze(0).Squeeze())).SetArgDisplayNames("squeeze"),
        new TestCaseData((Func<Tensor, Tensor>)(x => x.Broadcast([5, 2, 3, 4]))).SetArgDisplayNames("broadcast"),
        new TestCaseData((Func<Tensor, Tensor>)(x => x.Flatten())).SetArgDisplayNames("flatten"),
        new TestCaseData((Func<Tensor, Tensor>)(x => x.Split(2, 1)[1])).SetArgDisplayNames("split"),
        new TestCaseData((Func<Tensor, Tensor>)(x => x.Detach())).SetArgDisplayNames("detach"),
    ];

    [TestCaseSource(nameof(Shares))]
    public void Views_share_memory(object view)
    {
        using var scope = Scope.Open();
        var x = Tensor.Zeros([2, 3, 4]);
        Assert.That(((Func<Tensor, Tensor>)view)(x).Storage, Is.SameAs(x.Storage));
    }

    [Test]
    public void Copies_do_not()
    {
        using var scope = Scope.Open();
        var x = Tensor.Zeros([2, 3, 4]);
        foreach (var copy in new[] { x.Clone(), x.Transpose(0, 1).Contiguous(), x.Transpose(0, 1).Reshape(24) })
            Assert.That(copy.Storage, Is.Not.SameAs(x.Storage));
        Assert.That(x.Contiguous(), Is.SameAs(x));
    }

    [Test]
    public void A_chain_of_views_reads_the_right_elements()
    {
        using var scope = Scope.Open();
        var x = Tensor.Arange(24, DType.Int32).Reshape(2, 3, 4);
        var y = x.Permute(2, 0, 1).Slice(0, 1, 2, step: 2).Select(1, -1).Transpose(0, 1);
        // x[1, j, 1 + 2i] at [j, i]
        Assert.That(y.ToArray<int>(), Is.EqualTo(new[] { 13, 15, 17, 19, 21, 23 }));
        Assert.That(y.Contiguous().ToArray<int>(), Is.EqualTo(y.ToArray<int>()));
    }

    [Test]
    public void Split_and_chunk_cut_as_PyTorch_does()
    {
        using var scope = Scope.Open();
        var x = Tensor.Zeros([7, 2]);
        Assert.That(x.Split(3).Select(t => t.Shape[0]), Is.EqualTo(new[] { 3, 3, 1 }));
        Assert.That(x.Chunk(3).Select(t => t.Shape[0]), Is.EqualTo(new[] { 3, 3, 1 }));
        Assert.That(x.Chunk(5).Select(t => t.Shape[0]), Is.EqualTo(new[] { 2, 2, 2, 1 }));
    }

    [Test]
    public void Errors_name_the_operation_and_the_shapes()
    {
        using var scope = Scope.Open();
        var x = Tensor.Zeros([2, 3]);
        var y = Tensor.Zeros([4]);
        Explains(() => x + y, "add", "[2, 3]", "[4]");
        Explains(() => x.Less(y), "less", "[2, 3]", "[4]");
        Explains(() => Tensor.Where(y.Less(0), x, x), "where", "[2, 3]", "[4]");
        Explains(() => x.Reshape(4, 2), "reshape", "[2, 3]", "[4, 2]");
        Explains(() => x.Reshape(4, -1), "reshape", "[2, 3]", "[4, -1]");
        Explains(() => x.Permute(0, 0), "permute", "[2, 3]", "[0, 0]");
        Explains(() => x.Slice(1, 2, 2), "slice", "[2, 3]");
        Explains(() => x.Slice(0, 0, 1, step: 0), "slice", "[2, 3]");
        Explains(() => x.Broadcast([3, 3]), "broadcast", "[2, 3]", "[3, 3]");
        Explains(() => x.Squeeze(0), "squeeze", "[2, 3]");
        Explains(() => x.Sum(2), "sum", "[2, 3]", "2");
        Explains(() => x.Sum([0, -2]), "sum", "twice");
        Explains(() => Tensor.Zeros([2, 0]).Max(1), "max", "[2, 0]");
        Explains(() => x.TopK(4, 1).Values, "top_k", "[2, 3]", "4");
        Explains(() => Tensor.Concat(0, x, Tensor.Zeros([2, 4])), "concat", "[2, 3]", "[2, 4]");
        Explains(() => Tensor.Stack(0, x, y), "stack", "[2, 3]", "[4]");
        Explains(() => x.IndexSelect(1, Tensor.From(0L, 3L)), "index_select", "3", "[2, 3]");
        Explains(() => x.Gather(1, Tensor.From([-1L, 0L], [2, 1])), "gather", "-1", "[2, 3]");
        Explains(() => x.Pad([(1, 1)]), "pad", "[2, 3]");
    }

    [Test]
    public void Types_that_do_not_fit_are_named()
    {
        using var scope = Scope.Open();
        var mask = Tensor.From(true, false);
        Assert.That(() => mask + mask, Throws.TypeOf<DTypeException>().With.Message.Contains("add"));
        Assert.That(() => Tensor.From(1f) & Tensor.From(2f),
            Throws.TypeOf<DTypeException>().With.Message.Contains("and"));
        Assert.That(() => !Tensor.From(1f), Throws.TypeOf<DTypeException>());
        Assert.That(() => Tensor.From(1f).All(), Throws.TypeOf<DTypeException>().With.Message.Contains("all"));
        Assert.That(() => Tensor.Where(Tensor.From(1f), mask, mask), Throws.TypeOf<DTypeException>());
        Assert.That(() => Tensor.Zeros([3]).IndexSelect(0, Tensor.From(1)), Throws.TypeOf<DTypeException>());
    }

    private static void Explains(Func<Tensor> wrong, params string[] words)
    {
        var error = Assert.Throws<ShapeException>(() => wrong())!;
        foreach (var word in words) Assert.That(error.Message, Does.Contain(word));
    }
}
