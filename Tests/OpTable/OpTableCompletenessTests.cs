using Diffract.Autograd;
using Diffract.Cases;
using NUnit.Framework;

namespace Diffract.Tests.OpTable;

/// <summary>The table and the library name the same operations.</summary>
public sealed class OpTableCompletenessTests
{
    private static readonly IReadOnlyList<OpCase> differentiable =
        [.. Cases.OpTable.All.Where(c => c.HasGradient && !c.Large)];

    private static readonly IReadOnlyList<Type> plain =
        [.. Operations.Classes.Where(t => t.IsSubclassOf(typeof(PlainOp)))];

    [Test]
    public void Every_operation_with_a_gradient_is_run_by_a_row_of_its_name()
    {
        var run = differentiable.SelectMany(row => Operations.Recorded(row).Where(op => op.Name == row.Op))
            .Select(op => op.GetType()).ToHashSet();
        Assert.That(Operations.Classes.Except(plain).Except(run), Is.Empty,
            "add a row for each: derive a class from CaseFamily in Tests/Cases");
    }

    [Test]
    public void Every_operation_without_a_gradient_has_a_row() =>
        Assert.That(plain.Select(Operations.PlainName).Except(Cases.OpTable.All.Select(c => c.Op)), Is.Empty,
            "add a row for each: derive a class from CaseFamily in Tests/Cases");

    [Test]
    public void Every_row_runs_the_operation_it_names()
    {
        foreach (var row in differentiable)
            Assert.That(Operations.Recorded(row).Select(op => op.Name), Does.Contain(row.Op), row.ToString());
        var names = differentiable.Select(r => r.Op).Concat(plain.Select(Operations.PlainName)).ToHashSet();
        foreach (var row in Cases.OpTable.All) Assert.That(names, Does.Contain(row.Op), row.ToString());
    }
}
